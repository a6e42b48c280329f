// Package authn is the ways to log in: password, one-time code, authenticator. A way declares the strength and the amr
// words it yields; it does not make sessions.
package authn

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Passwords hashes with Argon2id (RFC 9106) in a pool of bounded size, because each hash takes memory and a core. Those
// who find it full wait in a queue of bounded length for a bounded time.
type Passwords struct {
	rand  io.Reader
	slots chan struct{}
	queue chan struct{}
	cost  Cost
	dummy string // hash of nobody's password: unknown accounts cost the same
}

// Cost of a hash. The zero value is 19 MiB, two passes, one lane (the OWASP minimum for Argon2id).
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
}

// nobodysPassword opens nothing, although there is a hash of it.
const nobodysPassword = "a password that nobody has"

// ErrWrong: the password is not the account's, or there is no such account.
var ErrWrong = errors.New("authn: wrong password")

var errUnreadable = errors.New("authn: stored hash cannot be read")

// Bounds of the queue before the pool. Nobody waits longer than a person does, and a flood finds the queue full at once
// (F-14).
const (
	QueuePerWorker = 128
	QueueTime      = 4 * time.Second
)

// NewPasswords returns a pool of at most workers hashes at once.
func NewPasswords(rand io.Reader, workers int, cost Cost) (*Passwords, error) {
	if cost.MemoryKiB == 0 {
		cost = Cost{MemoryKiB: 19 << 10, Passes: 2}
	}
	workers = max(workers, 1)
	p := &Passwords{rand: rand, slots: make(chan struct{}, workers), queue: make(chan struct{}, workers*QueuePerWorker), cost: cost}
	var err error
	p.dummy, err = p.hash(nobodysPassword)
	return p, err
}

// Lengths of a password (security rule R11).
const (
	minPassword = 8
	maxPassword = 256
	maxOctets   = 1024
)

// Normalize brings a password into the one form that is hashed: NFC, every octet counts. Only the bounds are
// checked here.
func Normalize(password string) (string, error) {
	if len(password) > maxOctets || !utf8.ValidString(password) || strings.ContainsRune(password, 0) {
		return "", fault.New(fault.PasswordRefused)
	}
	return norm.NFC.String(password), nil
}

// Hash checks a new password against the policy and hashes it. own are the names that its account is known by: a number or an address with a
// little beside it is no password. fault.PasswordRefused is the answer to what is refused.
func (p *Passwords) Hash(ctx context.Context, password string, own ...string) (string, error) {
	normal, err := Normalize(password)
	if err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(normal); n < minPassword || n > maxPassword || guessable(normal, own) {
		return "", fault.New(fault.PasswordRefused)
	}
	return p.Rehash(ctx, password)
}

// Rehash hashes a password that is in use already: one that was shown to be right, or a persona's. Whether it would be accepted today makes no
// difference, since a weak password under a weak hash of another system is worse.
func (p *Passwords) Rehash(ctx context.Context, password string) (string, error) {
	password, err := Normalize(password)
	if err != nil {
		return "", err
	}
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	return p.hash(password)
}

// enter waits for a place in the pool; a full queue and a wait that is too long are 503, so that a flood cannot take the
// machine's memory.
func (p *Passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.queue <- struct{}{}:
		defer func() { <-p.queue }()
	default:
		return fault.New(fault.Busy).After(int(QueueTime / time.Second))
	}
	patience := time.NewTimer(QueueTime)
	defer patience.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-patience.C:
		return fault.New(fault.Busy).After(int(QueueTime / time.Second))
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Busy)
	}
}

func (p *Passwords) leave() { <-p.slots }

const (
	saltSize     = 16
	hashSize     = 32
	maxMemoryKiB = 1 << 20
)

func (p *Passwords) hash(password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(p.rand, salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	sum := argon2.IDKey([]byte(password), salt, p.cost.Passes, p.cost.MemoryKiB, 1, hashSize)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, p.cost.MemoryKiB, p.cost.Passes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// isOurs tells the one form that this package writes from the Argon2 hashes of others.
func isOurs(stored string) bool {
	return strings.HasPrefix(stored, "$argon2id$") && strings.Contains(stored, ",p=1$")
}

// Check compares a password with a stored hash, also with one that came from another system (weaker is then true). An empty hash (no account, or no password) does the same work and fails.
// weaker tells that the hash was made with another cost and should be made anew.
func (p *Passwords) Check(ctx context.Context, stored, password string) (weaker bool, err error) {
	password, err = Normalize(password)
	if err != nil {
		return false, ErrWrong
	}
	known := stored != ""
	if !known {
		stored = p.dummy
	}
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	if check, err := parseForeign(stored); err == nil && !isOurs(stored) {
		if !check([]byte(password)) {
			return false, ErrWrong
		}
		return true, nil // known: the hash of nobody is ours
	}
	var version int
	var cost Cost
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errUnreadable
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=1", &version, &cost.MemoryKiB, &cost.Passes); err != nil {
		return false, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	want, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(errSalt, errSum); err != nil {
		return false, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if version != argon2.Version || cost.Passes == 0 || cost.MemoryKiB > maxMemoryKiB || len(want) < 16 {
		return false, errUnreadable // an empty sum would fit every password, a huge cost would take the machine
	}
	sum := argon2.IDKey([]byte(password), salt, cost.Passes, cost.MemoryKiB, 1, uint32(len(want)))
	if subtle.ConstantTimeCompare(sum, want) != 1 || !known {
		return false, ErrWrong
	}
	return cost != p.cost, nil
}
