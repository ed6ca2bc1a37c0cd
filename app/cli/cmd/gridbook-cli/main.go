// Command gridbook-cli is the laptop's commands without the window: one static
// program for servers and scripts.
package main

import (
	"os"

	"gridbook/app/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)) }
