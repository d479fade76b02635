/** The stages of an exchange, in order; `completed` and `failed` end it. The index is the number on the wire. */
export const STAGES = ['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed', 'failed'] as const;

export type Stage = (typeof STAGES)[number];
