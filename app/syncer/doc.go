// Package syncer carries a laptop's exchanges with its township's hub: it
// drives a syncproto.Session over HTTP, sizes exchanges to the way, tries again
// by itself, and says what it is doing. What is sent, received and verified is
// in the store; the syncer knows only how the last try went.
package syncer
