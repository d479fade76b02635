/** The program's name, as people type it. */
export const NAME = 'qconn-agent';

export const PROGRAM_HELP: string = `
A machine's first day:
  $ ${NAME} config check --config agent.yaml
  $ ${NAME} enroll --config agent.yaml --token-file token.txt
  $ ${NAME} run --config agent.yaml

A configuration:
  hub: https://hub.example:8443
  credentials: /var/lib/qconn-agent
  devices:
    - name: zebra-1
      serviceTypes: [print]
      adapter: { type: tcp, host: 10.0.0.9, port: 9100 }

Each setting but the devices can also be given in the environment (QCONN_AGENT_HUB, QCONN_AGENT_LOG_LEVEL, …),
which beats the file, and as a flag, which beats both.

Exit codes: 0 done; 1 failed, the message says why; 2 the command line or the configuration has a mistake.
`;

export const ENROLL_HELP: string = `
The key is made here and never leaves this machine. Nothing is sent before the hub has proven to be the one
that the token is for. Then the machine waits for an administrator, who compares the short code.

A revoked machine stays revoked. Enrol it with --new-key, and it is a new machine, which has to be approved.

A token on the command line can be seen by other users of this machine; a file, standard input or QCONN_TOKEN cannot.

Examples:
  $ ${NAME} enroll --hub https://hub.example:8443 --credentials /var/lib/qconn-agent --token-file token.txt
  $ ssh admin@hub qconn token create | ${NAME} enroll --config agent.yaml --token-file - --wait

Where the hub’s HTTPS cannot be reached, files are carried instead; whoever brings the second one says which hub is trusted:
  $ ${NAME} enroll --config agent.yaml --csr-out this-machine.csr
  $ ${NAME} enroll --config agent.yaml --from enrolment.json
`;

export const RUN_HELP: string = `
Stays connected until SIGINT or SIGTERM; then it takes no new jobs, lets running ones finish for up to 10 s, and
exits with 0. A second signal exits at once. A hub that cannot be reached is tried again for ever.

Example:
  $ ${NAME} run --config /etc/qconn/agent.yaml --log-format json
`;

export const EXPORT_HELP: string = `
Whoever has the file is this machine until it is revoked. Two agents with one credential push each other out.

Examples:
  $ ${NAME} credential export backup.json --out-passphrase-file backup.pass
  $ ${NAME} credential export - | ssh other ${NAME} credential import - --credentials /var/lib/qconn-agent
`;

export const STATUS_HELP: string = `
Asks the running agent over agent.sock in the credential folder; without one, tells what the folder says.

Exit codes: 0 it runs; 3 it does not run; 1 it does not answer, there is no credential, or, with --check, it is not online;
2 the command line or the configuration has a mistake.

Examples:
  $ ${NAME} status --config agent.yaml
  $ ${NAME} status --credentials /var/lib/qconn-agent --check --json   # exit code 0 only if it is online
`;

export const DOCTOR_HELP: string = `
Reads the configuration, resolves the hub’s name, talks HTTPS and QUIC to it with this machine’s certificate, compares the
clocks, asks what the hub thinks of this machine, and whether devices can be reached. Prints nothing on a printer and runs no program.

Exit codes: 0 nothing is broken; 1 something is; 2 the command line has a mistake.
`;

export const SEND_HELP: string = `
The reply’s body goes to standard output. A running agent sends what its configuration allows in local.submit.

Exit codes: 0 completed; 3 not run, sending it again cannot run it twice; 4 may have been run; 1 and 2 as ever.

Examples:
  $ ${NAME} send print@printer-pc/zebra-1 label.zpl --key order-4711
  $ echo hello | ${NAME} send display.show@lobby-pc
`;
