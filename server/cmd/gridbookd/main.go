// Gridbookd is the township's sync server and the commands of those who run
// it.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"os/user"
	"runtime/debug"
	"syscall"
	"time"

	"gridbook/server/admin"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(run()) }

// garbage lets the heap grow to three times what is in use before it is
// collected: twenty uploads at once cost a tenth less of the processor, for some
// 20 MB.
const garbage = 200

func run() int {
	if len(os.Args) > 1 && os.Args[1] == "serve" && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := admin.Program{
		Version: version, Env: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr,
		Who: who(), Now: time.Now, Rand: rand.Reader,
	}
	return p.Run(ctx, os.Args[1:])
}

// who is the person at the keyboard, for the audit log.
func who() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "?"
}
