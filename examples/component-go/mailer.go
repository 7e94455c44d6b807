package main

// #cgo CFLAGS: -std=c11 -D_DEFAULT_SOURCE
// #cgo LDFLAGS: -lwasmtime
// #include <stdlib.h>
// #include <string.h>
// #include "../component-c/mailer.h"
import "C"

import (
	"errors"
	"sync"
	"unsafe"
)

// Server says where to send, and who is it.
type Server struct {
	Host           string
	Port           uint16 // 0: the usual one of the TLS mode
	TLS            string // "implicit", "starttls" or "none"
	Authorities    []byte // PEM; nil: those built into the component
	User, Password string // no User: no login
}

// Message is who sends what to whom. Content is header and body, lines ending in CRLF.
type Message struct {
	Sender     string
	Recipients []string
	Content    []byte
}

// Recipient is what became of one recipient: Status is "accepted", "deferred", "refused", "not-sent" or
// "in-doubt"; Code and Text are of the reply that decided, 0 and "" if none did.
type Recipient struct {
	Address, Status string
	Code            int
	Text            string
}

// Outcome is a message that at least one recipient was accepted for: look at each.
type Outcome struct {
	QueueID    string // "" if the server told none
	Recipients []Recipient
}

// SendError is why a message was not sent. Kind says who has to act: "input", "transport", "auth", ...
// or "fault" if the component itself broke: then close the Mailer. It never holds credentials.
type SendError struct {
	Kind, Message      string
	Retryable, InDoubt bool
	Recipients         []Recipient
}

func (e *SendError) Error() string { return e.Kind + ": " + e.Message }

// Mailer is one instance of the component. It may be used from several goroutines; it sends one message
// at a time, and a call keeps its thread until the message is sent.
type Mailer struct {
	lock   sync.Mutex
	mailer *C.mailer
}

// NewMailer compiles a component that exports the interface smtp-send. Close gives it back.
func NewMailer(path string) (*Mailer, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var why *C.char
	mailer := C.mailer_new(name, &why)
	if mailer == nil {
		defer C.free(unsafe.Pointer(why))
		return nil, errors.New(C.GoString(why))
	}
	return &Mailer{mailer: mailer}, nil
}

// Close gives back the instance. The Mailer must not be used again.
func (m *Mailer) Close() {
	m.lock.Lock()
	defer m.lock.Unlock()
	C.mailer_free(m.mailer)
	m.mailer = nil
}

// Send sends a message; its error is a *SendError.
func (m *Mailer) Send(to Server, message Message) (*Outcome, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.mailer == nil {
		return nil, &SendError{Kind: "misuse", Message: "the mailer is closed"}
	}
	var memory arena
	defer memory.free()
	server := C.mail_server{host: memory.text(to.Host), port: C.uint16_t(to.Port), tls: memory.text(to.TLS)}
	if to.Authorities != nil {
		server.authorities = (*C.char)(memory.octets(to.Authorities))
		server.authorities_len = C.size_t(len(to.Authorities))
	}
	if to.User != "" {
		server.user, server.password = memory.text(to.User), memory.text(to.Password)
	}
	mail := C.mail{
		sender:         memory.text(message.Sender),
		recipients:     memory.texts(message.Recipients),
		recipients_len: C.size_t(len(message.Recipients)),
		content:        (*C.uint8_t)(memory.octets(message.Content)),
		content_len:    C.size_t(len(message.Content)),
	}
	var result C.mail_result
	C.mailer_send(m.mailer, &server, &mail, &result)
	defer C.mail_result_free(&result)
	recipients := takeRecipients(&result)
	if !result.sent {
		return nil, &SendError{
			Kind:       C.GoString(result.kind),
			Message:    C.GoString(result.message),
			Retryable:  bool(result.retryable),
			InDoubt:    bool(result.in_doubt),
			Recipients: recipients,
		}
	}
	return &Outcome{QueueID: C.GoString(result.queue_id), Recipients: recipients}, nil
}

func takeRecipients(result *C.mail_result) []Recipient {
	var recipients []Recipient
	for _, each := range unsafe.Slice(result.recipients, int(result.recipients_len)) {
		recipients = append(recipients, Recipient{
			Address: C.GoString(each.address),
			Status:  C.GoString(each.status),
			Code:    int(each.code),
			Text:    C.GoString(each.text),
		})
	}
	return recipients
}

// arena is memory of C that holds the arguments of one call, credentials among them: all of it is wiped.
type arena struct{ blocks []block }

type block struct {
	at     unsafe.Pointer
	length int
}

func (a *arena) keep(at unsafe.Pointer, length int) unsafe.Pointer {
	a.blocks = append(a.blocks, block{at, length})
	return at
}

func (a *arena) text(s string) *C.char {
	return (*C.char)(a.keep(unsafe.Pointer(C.CString(s)), len(s)))
}

func (a *arena) octets(b []byte) unsafe.Pointer {
	return a.keep(C.CBytes(b), len(b))
}

func (a *arena) texts(list []string) **C.char {
	size := len(list) * int(unsafe.Sizeof((*C.char)(nil)))
	at := (**C.char)(a.keep(C.malloc(C.size_t(size+1)), size))
	for i, each := range list {
		unsafe.Slice(at, len(list))[i] = a.text(each)
	}
	return at
}

func (a *arena) free() {
	for _, each := range a.blocks {
		C.explicit_bzero(each.at, C.size_t(each.length))
		C.free(each.at)
	}
}
