import { parseAddress, QconnError, type Address } from '@qconn/protocol';
import { InvalidArgumentError } from 'commander';

/** An address as an argument. */
export function readAddress(text: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof QconnError)
      throw new InvalidArgumentError(`${error.message} Write SERVICE-TYPE[@MACHINE][/DEVICE].`);
    throw error;
  }
}
