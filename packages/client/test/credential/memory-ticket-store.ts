import type { TicketStore } from '../../src/credential/session-tickets.ts';

/** A store that keeps the file's text in memory. */
export class MemoryTicketStore implements TicketStore {
  text: string | undefined;

  constructor(text?: string) {
    this.text = text;
  }

  readTickets(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }

  writeTickets(text: string): Promise<void> {
    this.text = text;
    return Promise.resolve();
  }
}
