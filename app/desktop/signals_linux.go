//go:build linux && cgo

package desktop

/*
#include <signal.h>

// readd puts SA_ONSTACK back on every handler that lacks it and returns how
// many there were.
static int readd(void) {
	int n = 0;
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction sa;
		if (sigaction(sig, NULL, &sa) != 0) continue;
		if (sa.sa_flags & SA_ONSTACK) continue;
		if (!(sa.sa_flags & SA_SIGINFO) &&
		    (sa.sa_handler == SIG_DFL || sa.sa_handler == SIG_IGN)) continue;
		sa.sa_flags |= SA_ONSTACK;
		if (sigaction(sig, &sa, NULL) == 0) n++;
	}
	return n;
}
*/
import "C"

import "time"

// keepSignalStacks lets panics be recovered under WebKitGTK. WebKit replaces
// Go's signal handlers by its own without SA_ONSTACK some time after its
// start; the next nil dereference, even a recovered one, then ends the program
// ("signal handler without SA_ONSTACK"). It does so while the first page
// loads, so a look every few milliseconds at first and rarely later is enough
// for work in the background; a call looks for itself.
func keepSignalStacks() {
	go func() {
		for pause := 5 * time.Millisecond; pause < time.Minute; pause += pause / 50 {
			putSignalStacks()
			time.Sleep(pause)
		}
	}()
}

// putSignalStacks looks once. It takes some microseconds.
func putSignalStacks() { C.readd() }
