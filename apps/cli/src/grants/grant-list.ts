import { InvalidArgumentError } from 'commander';
import type { Grant } from '../api/views.ts';
import { parseGrant, parseTowards } from './grant-text.ts';

/** Grants in the order in which the command line gives them; --towards belongs to the one before it. */
export class GrantList {
  readonly grants: Grant[] = [];

  /** @throws InvalidArgumentError */
  add(effect: Grant['effect'], text: string): void {
    this.grants.push(parseGrant(effect, text));
  }

  /** @throws InvalidArgumentError */
  towards(text: string): void {
    const grant = this.grants.pop();
    if (grant === undefined)
      throw new InvalidArgumentError('It limits the --allow or --deny before it; there is none.');
    this.grants.push({ ...grant, selector: parseTowards(text, grant.selector ?? {}) });
  }
}
