import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOfSignal } from '@qconn/startup';

/** `send`: the message has not been run, and sending it again cannot run it twice. */
export const EXIT_NOT_SENT = 3;
/** `send`: the message may have been run; sending it again may run it twice. */
export const EXIT_UNCERTAIN = 4;
/** `explain`: the answer is no. */
export const EXIT_NOT_ALLOWED = 5;
/** Ended by Ctrl-C, as shells count it. */
export const EXIT_INTERRUPTED: number = exitCodeOfSignal('SIGINT');

/** What `--help` says of exit codes. */
export const EXIT_CODE_HELP: string = `Exit codes:
  ${EXIT_OK}    done
  ${EXIT_FAILED}    failed, or not confirmed; the message says what and what to do
  ${EXIT_USAGE}    the command line, the environment or a file is not understood
  ${EXIT_NOT_SENT}    send: not run; sending it again cannot run it twice
  ${EXIT_UNCERTAIN}    send: may have been run; sending it again may run it twice (unless --key is the same)
  ${EXIT_NOT_ALLOWED}    explain: not allowed
  ${EXIT_INTERRUPTED}  ended by Ctrl-C`;
