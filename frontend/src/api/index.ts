// What screens may know of Go: the typed calls, files and events.
export { api } from './generated'
export type * from './generated'
export { ApiError, MISSED, transport } from './transport'
export type { BridgeEvent, FileFilter, Picked } from './transport'
