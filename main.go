// Command gridbook is the ledger's window and, with arguments, its commands.
// It stands at the root because the Wails tool compiles the package there.
package main

import (
	"os"

	"gridbook/app/desktop"
)

func main() { os.Exit(desktop.Main(os.Args[1:])) }
