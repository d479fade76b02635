import type { Member } from './member.ts';
import type { MemberMap } from './member-map.ts';

/**
 * A machine's seat in whatever policy is in force: it remembers where the last one kept the machine, which spares a
 * search among all machines for each message. A live connection holds one. It cannot go stale: a snapshot that keeps
 * other machines is searched anew.
 */
export class Seat {
  readonly fingerprint: string;
  #edition: object | undefined;
  #member: Member | undefined;

  constructor(fingerprint: string) {
    this.fingerprint = fingerprint;
  }

  /** The machine as these members have it. */
  among(members: MemberMap): Member | undefined {
    if (this.#edition !== members.edition) {
      this.#member = members.get(this.fingerprint);
      this.#edition = members.edition;
    }
    return this.#member;
  }
}
