package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"gridbook/app/service"
)

// Version is the program's version; the build sets it.
var Version = "dev"

// Main runs a command with the real clock, network and terminal, and returns
// its exit code. env looks an environment variable up.
func Main(args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	service.Frugal()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &Program{
		Name: "gridbook", Version: Version, Env: env, Stdin: stdin, Stdout: stdout, Stderr: stderr,
		Now: time.Now, Rand: rand.Reader,
	}
	if f, ok := stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.Password = func(prompt string) (string, error) {
			fmt.Fprint(stderr, prompt)
			defer fmt.Fprintln(stderr)
			b, err := term.ReadPassword(int(f.Fd()))
			return string(b), err
		}
	}
	return p.Run(ctx, args)
}
