// Sends what it reads from stdin with a component in wasmtime:
//
//	component-go COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT... < MESSAGE
//
// Login: user in SMTP_USER, password in SMTP_PASSWORD.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

func run(arguments []string) error {
	if len(arguments) < 7 {
		return errors.New("usage: component-go COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT...")
	}
	port, err := strconv.ParseUint(arguments[2], 10, 16)
	if err != nil {
		return fmt.Errorf("PORT: %w", err)
	}
	server := Server{
		Host:     arguments[1],
		Port:     uint16(port),
		TLS:      arguments[3],
		User:     os.Getenv("SMTP_USER"),
		Password: os.Getenv("SMTP_PASSWORD"),
	}
	if arguments[4] != "-" {
		if server.Authorities, err = os.ReadFile(arguments[4]); err != nil {
			return err
		}
	}
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	mailer, err := NewMailer(arguments[0])
	if err != nil {
		return err
	}
	defer mailer.Close()
	outcome, err := mailer.Send(server, Message{Sender: arguments[5], Recipients: arguments[6:], Content: content})
	if err != nil {
		return err
	}
	for _, each := range outcome.Recipients {
		fmt.Printf("%s: %s %s\n", each.Address, each.Status, each.Text)
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
