package channelsim

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"
)

// SMTP is a mail server (RFC 5321, 3207, 4954) that takes mail from one user and delivers it into the log. The local part of a
// recipient names the fault: refused@…, slow@…, limited@…, garbage@…, broken@…, flaky@…, undeliver@….
type SMTP struct {
	Log            *Log
	User, Password string
	TLS            *tls.Config // of STARTTLS
	Late           time.Duration
	Now            func() time.Time
}

// Bounds of a session.
const (
	maxLine     = 1000      // octets with the end of line (RFC 5321 4.5.3.1.6)
	maxMail     = 256 << 10 // octets of content
	maxCommands = 200
	sessionTime = 2 * time.Minute
	maxSessions = 64
)

// Serve takes sessions until ctx ends.
func (s *SMTP) Serve(ctx context.Context, l net.Listener) error {
	end := context.AfterFunc(ctx, func() { l.Close() })
	defer end()
	var group sync.WaitGroup
	defer group.Wait()
	room := make(chan struct{}, maxSessions)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			s.Session(ctx, conn)
		})
	}
}

// session is one connection.
type session struct {
	server *SMTP
	ctx    context.Context
	conn   net.Conn
	in     *bufio.Reader
	secure bool
	known  bool // the user showed the password
	from   bool
	to     []string
}

// Session talks on one connection until it ends.
func (s *SMTP) Session(ctx context.Context, conn net.Conn) {
	defer func() { conn.Close() }()
	over := time.AfterFunc(sessionTime, func() { conn.Close() })
	defer over.Stop()
	end := context.AfterFunc(ctx, func() { conn.Close() })
	defer end()
	c := &session{server: s, ctx: ctx, conn: conn, in: bufio.NewReaderSize(conn, maxLine)}
	c.say("220 simulator.invalid ESMTP: a simulator, nothing is delivered")
	for range maxCommands {
		line, err := c.line()
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				c.say("500 5.5.2 line too long")
			}
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		if !c.command(strings.ToUpper(verb), strings.TrimSpace(rest)) {
			return
		}
	}
	c.say("421 4.7.0 too many commands")
}

func (c *session) say(lines ...string) { io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n") }

// line is the next one without its end; bufio.ErrBufferFull for one that is too long.
func (c *session) line() (string, error) {
	raw, err := c.in.ReadSlice('\n')
	return strings.TrimRight(string(raw), "\r\n"), err
}

// command answers one; false ends the session.
func (c *session) command(verb, rest string) bool {
	switch verb {
	case "EHLO":
		c.from, c.to = false, nil
		lines := []string{"250-simulator.invalid"}
		if c.server.TLS != nil && !c.secure {
			lines = append(lines, "250-STARTTLS")
		}
		c.say(append(lines, "250-AUTH PLAIN LOGIN", fmt.Sprintf("250 SIZE %d", maxMail))...)
	case "HELO":
		c.from, c.to = false, nil
		c.say("250 simulator.invalid")
	case "STARTTLS":
		return c.startTLS()
	case "AUTH":
		c.authenticate(rest)
	case "MAIL":
		if !c.known {
			c.say("530 5.7.0 authentication required")
			return true
		}
		c.from, c.to = true, nil
		c.say("250 2.1.0 ok")
	case "RCPT":
		c.recipient(rest)
	case "DATA":
		return c.data()
	case "RSET":
		c.from, c.to = false, nil
		c.say("250 2.0.0 ok")
	case "NOOP":
		c.say("250 2.0.0 ok")
	case "QUIT":
		c.say("221 2.0.0 bye")
		return false
	default:
		c.say("500 5.5.1 unknown command")
	}
	return true
}

func (c *session) startTLS() bool {
	if c.server.TLS == nil || c.secure {
		c.say("502 5.5.1 not offered")
		return true
	}
	if c.in.Buffered() > 0 { // what was sent before the handshake must not count after it (CVE-2011-0411)
		c.say("554 5.5.0 nothing may follow STARTTLS")
		return false
	}
	c.say("220 2.0.0 go ahead")
	secure := tls.Server(c.conn, c.server.TLS)
	if err := secure.HandshakeContext(c.ctx); err != nil {
		return false
	}
	c.conn, c.secure, c.known, c.from, c.to = secure, true, false, false, nil
	c.in = bufio.NewReaderSize(secure, maxLine)
	return true
}

func (c *session) authenticate(rest string) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	ask := func(question string) (string, bool) {
		c.say("334 " + base64.StdEncoding.EncodeToString([]byte(question)))
		line, err := c.line()
		if err != nil {
			return "", false
		}
		content, err := base64.StdEncoding.DecodeString(line)
		return string(content), err == nil
	}
	user, password, ok := "", "", false
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		content, err := base64.StdEncoding.DecodeString(initial)
		if ok = err == nil; initial == "" {
			var text string
			text, ok = ask("")
			content = []byte(text)
		}
		if parts := strings.Split(string(content), "\x00"); ok && len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		if user, ok = ask("Username:"); ok {
			password, ok = ask("Password:")
		}
	default:
		c.say("504 5.5.4 mechanism not offered")
		return
	}
	if c.known = ok && c.server.User != "" && user == c.server.User && password == c.server.Password; !c.known {
		c.say("535 5.7.8 wrong user or password")
		return
	}
	c.say("235 2.7.0 ok")
}

// faultOf is what the local part of an address lets happen.
func faultOf(address string) Fault {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	switch f := Fault(local); f {
	case Refused, Slow, Limited, Garbage, Broken, Flaky, Undeliver:
		return f
	}
	return Fine
}

func (c *session) recipient(rest string) {
	if !c.from {
		c.say("503 5.5.1 MAIL first")
		return
	}
	path, ok := cutPrefixFold(rest, "TO:")
	address, closed := "", false
	if path = strings.TrimSpace(path); ok && strings.HasPrefix(path, "<") {
		address, _, closed = strings.Cut(path[1:], ">")
	}
	if local, domain, at := strings.Cut(address, "@"); !closed || !at || local == "" || domain == "" || len(c.to) > 0 {
		c.say("501 5.1.3 one recipient, in angle brackets")
		return
	}
	switch faultOf(address) {
	case Refused:
		c.say("550 5.1.1 no such mailbox")
	case Limited:
		c.say("450 4.7.1 too many messages, try later")
	case Garbage:
		c.say("\x01\x02?? nonsense")
	case Broken:
		c.say("451 4.3.0 out of order")
	case Flaky:
		if c.server.Log.first("flaky/" + address) {
			c.say("451 4.3.0 out of order")
			return
		}
		fallthrough
	default:
		c.to = append(c.to, address)
		c.say("250 2.1.5 ok")
	}
}

func cutPrefixFold(text, prefix string) (string, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	return text[len(prefix):], true
}

func (c *session) data() bool {
	if len(c.to) == 0 {
		c.say("503 5.5.1 RCPT first")
		return true
	}
	c.say("354 go ahead")
	var content strings.Builder
	for {
		line, err := c.line()
		if err != nil {
			return false // without its final dot it is no mail (RFC 5321 4.1.1.4)
		}
		if line == "." {
			break
		}
		if content.Len()+len(line) > maxMail {
			c.say("552 5.3.4 too long")
			return false
		}
		content.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	to := c.to[0]
	c.from, c.to = false, nil
	fault := faultOf(to)
	id := fmt.Sprintf("mail-%d", len(c.server.Log.Messages())+1)
	c.server.Log.keep(Message{ID: id, Kind: "mail", To: to, Subject: subjectOf(content.String()), Raw: content.String(), TLS: c.secure, State: stateOf(fault), At: c.server.Now().UTC()})
	if fault == Slow {
		wait := time.NewTimer(c.server.Late)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-c.ctx.Done():
			return false
		}
	}
	c.say("250 2.0.0 taken as " + id)
	return true
}

// subjectOf reads the subject of a mail; empty when there is none to read.
func subjectOf(raw string) string {
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return ""
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return ""
	}
	return subject
}
