/** What a grant is about. `admin` grants name administrative actions, such as `machines.approve`, as service types. */
export type Verb = 'provide' | 'submit' | 'query' | 'admin';

/** Every verb, in the order in which people list them. */
export const VERBS: readonly Verb[] = ['provide', 'submit', 'query', 'admin'];

/** Whether a grant adds a right or takes one away. Deny beats allow. */
export type Effect = 'allow' | 'deny';

/**
 * The machines that a grant is about: those on the other side of a message. All conditions must hold.
 * A selector with no condition matches every machine.
 */
export interface Selector {
  /** Labels that the machine must carry, each with exactly this value. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Hostnames of which the machine must have one; an entry may end in `*`. Letter case is ignored. */
  readonly hostnames?: readonly string[];
}

/** One right, or the denial of one. */
export interface Grant {
  readonly effect: Effect;
  readonly verb: Verb;
  /** Patterns: a service type, `print.*` (everything below `print`, not `print` itself), or `*`. */
  readonly serviceTypes: readonly string[];
  /** Limits the grant to messages whose other side matches; without it the grant holds towards everyone. */
  readonly selector?: Selector;
}

/** A named set of grants. */
export interface Role {
  readonly name: string;
  readonly description?: string;
  readonly grants: readonly Grant[];
}
