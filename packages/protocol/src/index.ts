export { QconnError, errorCodeOfWire, isQconnError, type ErrorDetails } from './errors.ts';
export { ERROR_TABLE, type ErrorCode, type ErrorRow } from './error-table.ts';
export * from './limits.ts';
