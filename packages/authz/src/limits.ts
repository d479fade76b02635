/** Sizes that a role may have. Each bounds what one role costs to hold, to compile and to show. */

/** Most grants of one role: readable by a person, and 1,000 such roles compile well under a second. */
export const GRANTS_PER_ROLE_MAX = 256;

/** Most patterns of one grant. */
export const PATTERNS_PER_GRANT_MAX = 64;

/** Most labels that a selector may ask for. Each is compared on every decision that meets the selector. */
export const SELECTOR_LABELS_MAX = 16;

/** Most hostnames that a selector may name; more machines than that want a label. */
export const SELECTOR_HOSTNAMES_MAX = 64;

/** Most bytes of a role's name. */
export const ROLE_NAME_MAX_BYTES = 64;

/** Most characters of a role's description: a paragraph. */
export const ROLE_DESCRIPTION_MAX = 1_024;

/** Most bytes of a label's key, and of its value (the same as Kubernetes: people know it). */
export const LABEL_PART_MAX_BYTES = 63;

/** Most mistakes that one refusal lists; past it, only their number is told. */
export const MISTAKES_LISTED_MAX = 50;

/**
 * Pairs of verb and service type whose verdicts a policy remembers before it forgets them all and starts again. More
 * than any fleet uses; with 1,000 roles they take 16 MB, which is what a sender that makes up service types can cost.
 */
export const VERDICT_ROWS_MAX = 2_048;
