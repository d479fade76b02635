import { CredentialStore } from '@qconn/identity';
import { wrongArgument } from '../wrong-argument.ts';

/** What a program says of itself: printable ASCII, as it stands in logs. The hub keeps the first 128. */
const AGENT = /^[\x20-\x7e]+$/;

/** @throws QconnError `invalid_request` */
export function checkAgent(options: { readonly agent: string }): void {
  if (typeof options !== 'object' || options === null) throw wrongArgument('The only argument', 'an object', options);
  if (typeof options.agent !== 'string' || !AGENT.test(options.agent))
    throw wrongArgument('agent', 'program and version in ASCII, such as my-lims/2.3', options.agent);
}

/** The store of the machine's credential, or the one in the folder that is named. @throws QconnError `invalid_request` */
export function storeOf(option: string, given: CredentialStore | string): CredentialStore {
  if (typeof given === 'string' && given !== '') return new CredentialStore(given);
  if (typeof given === 'object' && given instanceof CredentialStore) return given;
  throw wrongArgument(option, 'a folder, or a CredentialStore', given);
}
