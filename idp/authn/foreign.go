package authn

import (
	"context"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Hashes that other systems made. They are checked at the first login and then replaced by one of ours; a hash that is
// cheap to guess is never stored as it is, but wrapped (Passwords.Wrap).
//
//	bcrypt         $2a$ $2b$ $2y$
//	Argon2 (PHC)   $argon2id$ and $argon2i$, any number of lanes up to 8
//	PBKDF2         Django (pbkdf2_sha256$…), passlib and PHC ($pbkdf2-sha256$…), with SHA-1, SHA-256, SHA-512
//	scrypt (PHC)   $scrypt$ln=…,r=…,p=…$salt$sum
//	SHA-crypt      $5$ and $6$ (Drepper, "Unix crypt using SHA-256 and SHA-512")
//	salted, weak   md5$salt$hex, sha1$…, sha256$…, sha512$…, sm3$… over salt and password (Django), md5_ps$… over password and salt;
//	               LDAP: {MD5} {SMD5} {SHA} {SSHA} {SHA256} {SSHA256} {SHA512} {SSHA512} {SM3} {SSM3} (RFC 2307 and its salted kin)

// Errors of foreign hashes.
var (
	ErrHashForm = errors.New("authn: this form of a password hash is not known")
	ErrHashCost = errors.New("authn: this password hash costs more than a login may, or less than it must")
)

// Bounds of what a stored hash may cost a login.
const (
	maxBcryptCost  = 14
	maxIterations  = 2_000_000
	minIterations  = 1000
	maxScryptBytes = 128 << 20
	maxRounds      = 1_000_000
	maxLanes       = 8
	maxForeign     = 512 // octets of a hash
)

// foreign checks a password.
type foreign func(password []byte) bool

// weak is a digest over password and salt that must be wrapped.
type weak struct {
	algorithm string // md5, sha1, sha256, sm3
	behind    bool   // the salt stands behind the password
	salt      []byte
	sum       []byte
}

var weakHashes = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New, "sm3": digest.New}

func (w weak) of(password []byte) []byte {
	h := weakHashes[w.algorithm]()
	if w.behind {
		h.Write(password)
		h.Write(w.salt)
	} else {
		h.Write(w.salt)
		h.Write(password)
	}
	return h.Sum(nil)
}

// Foreign brings a hash of another system into the form in which it is stored: strong ones as they are, weak ones wrapped
// in Argon2id, which takes as long as a login. ErrHashForm and ErrHashCost.
func (p *Passwords) Foreign(ctx context.Context, text string) (string, error) {
	if len(text) > maxForeign || strings.ContainsFunc(text, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return "", ErrHashForm
	}
	if w, ok := parseWeak(text); ok {
		if err := p.enter(ctx); err != nil {
			return "", err
		}
		defer p.leave()
		return p.wrap(w)
	}
	if strings.HasPrefix(text, wrapMark) {
		return "", ErrHashForm // ours only: a file must not choose what is checked
	}
	if _, err := parseForeign(text); err != nil {
		return "", err
	}
	return text, nil
}

// NeedsWrap reports whether storing a hash takes the time of a login.
func NeedsWrap(text string) bool {
	_, ok := parseWeak(text)
	return ok
}

// CheckForeign is Foreign without the work, for a dry run.
func CheckForeign(text string) error {
	if len(text) > maxForeign || strings.HasPrefix(text, wrapMark) {
		return ErrHashForm
	}
	if NeedsWrap(text) {
		return nil
	}
	_, err := parseForeign(text)
	return err
}

const wrapMark = "$yxwrap$"

// wrap hashes the weak digest with Argon2id: $yxwrap$algorithm,layout$old salt$m=…,t=…$salt$sum. Whoever gets the database
// must guess through Argon2id.
func (p *Passwords) wrap(w weak) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(p.rand, salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	layout := "sp"
	if w.behind {
		layout = "ps"
	}
	sum := argon2.IDKey(w.sum, salt, p.cost.Passes, p.cost.MemoryKiB, 1, hashSize)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s%s,%s$%s$m=%d,t=%d$%s$%s", wrapMark, w.algorithm, layout, enc(w.salt), p.cost.MemoryKiB, p.cost.Passes, enc(salt), enc(sum)), nil
}

func parseWrapped(text string) (foreign, error) {
	parts := strings.Split(strings.TrimPrefix(text, wrapMark), "$")
	if len(parts) != 5 {
		return nil, ErrHashForm
	}
	var w weak
	var layout string
	w.algorithm, layout, _ = strings.Cut(parts[0], ",")
	w.behind = layout == "ps"
	var cost Cost
	if _, err := fmt.Sscanf(parts[2], "m=%d,t=%d", &cost.MemoryKiB, &cost.Passes); err != nil || cost.Passes == 0 || cost.MemoryKiB > maxMemoryKiB || weakHashes[w.algorithm] == nil {
		return nil, ErrHashForm
	}
	oldSalt, err1 := base64.RawStdEncoding.DecodeString(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[3])
	want, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	if errors.Join(err1, err2, err3) != nil || len(want) != hashSize {
		return nil, ErrHashForm
	}
	w.salt = oldSalt
	return func(password []byte) bool {
		return same(argon2.IDKey(w.of(password), salt, cost.Passes, cost.MemoryKiB, 1, hashSize), want)
	}, nil
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// parseWeak reads the salted digests.
func parseWeak(text string) (weak, bool) {
	if scheme, rest, ok := strings.Cut(text, "}"); ok && strings.HasPrefix(scheme, "{") {
		known, salted := map[string]string{"MD5": "md5", "SMD5": "md5", "SHA": "sha1", "SSHA": "sha1", "SHA256": "sha256", "SSHA256": "sha256", "SHA512": "sha512", "SSHA512": "sha512", "SM3": "sm3", "SSM3": "sm3"}, strings.ToUpper(scheme[1:])
		algorithm := known[salted]
		content, err := base64.StdEncoding.DecodeString(rest)
		if algorithm == "" || err != nil {
			return weak{}, false
		}
		size := weakHashes[algorithm]().Size()
		if len(content) < size || len(content) > size+64 || !strings.HasPrefix(salted, "SS") && salted != "SMD5" && len(content) != size {
			return weak{}, false
		}
		return weak{algorithm, true, content[size:], content[:size]}, true
	}
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return weak{}, false
	}
	algorithm, behind := strings.CutSuffix(parts[0], "_ps")
	if weakHashes[algorithm] == nil || len(parts[1]) > 64 {
		return weak{}, false
	}
	sum, err := hex.DecodeString(parts[2])
	if err != nil || len(sum) != weakHashes[algorithm]().Size() {
		return weak{}, false
	}
	return weak{algorithm, behind, []byte(parts[1]), sum}, true
}

// parseForeign reads a stored hash that is not of our own form.
func parseForeign(text string) (foreign, error) {
	switch {
	case strings.HasPrefix(text, wrapMark):
		return parseWrapped(text)
	case strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"), strings.HasPrefix(text, "$2y$"):
		cost, err := bcrypt.Cost([]byte(text))
		if err != nil || len(text) != 60 {
			return nil, ErrHashForm
		}
		if cost > maxBcryptCost || cost < bcrypt.MinCost {
			return nil, ErrHashCost
		}
		return func(password []byte) bool {
			if len(password) > 72 { // bcrypt reads no more; the other system cut it
				password = password[:72]
			}
			return bcrypt.CompareHashAndPassword([]byte(text), password) == nil
		}, nil
	case strings.HasPrefix(text, "$argon2id$"), strings.HasPrefix(text, "$argon2i$"):
		return parseArgon2(text)
	case strings.HasPrefix(text, "pbkdf2_"), strings.HasPrefix(text, "$pbkdf2-"), strings.HasPrefix(text, "$pbkdf2$"):
		return parsePBKDF2(text)
	case strings.HasPrefix(text, "$scrypt$"):
		return parseScrypt(text)
	case strings.HasPrefix(text, "$5$"), strings.HasPrefix(text, "$6$"):
		return parseSHACrypt(text)
	}
	return nil, ErrHashForm
}

// anyBase64 decodes with or without padding, and the alphabet of passlib with a dot for the plus.
func anyBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.ReplaceAll(text, ".", "+"), "="))
}

func parseArgon2(text string) (foreign, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return nil, ErrHashForm
	}
	var memory, passes uint32
	var lanes uint8
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || n != 3 || fmt.Sprintf("m=%d,t=%d,p=%d", memory, passes, lanes) != parts[3] {
		return nil, ErrHashForm
	}
	salt, err1 := anyBase64(parts[4])
	want, err2 := anyBase64(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 64 || len(salt) < 8 {
		return nil, ErrHashForm
	}
	if passes == 0 || lanes == 0 || lanes > maxLanes || memory > maxScryptBytes>>10 || memory < 8 || uint64(memory)*uint64(passes) > 1<<20 {
		return nil, ErrHashCost
	}
	key := argon2.IDKey
	if parts[1] == "argon2i" {
		key = argon2.Key
	}
	return func(password []byte) bool {
		return same(key(password, salt, passes, memory, lanes, uint32(len(want))), want)
	}, nil
}

// pbkdf2Hashes by the word of Django and of PHC.
var pbkdf2Hashes = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

func parsePBKDF2(text string) (foreign, error) {
	parts := strings.Split(strings.TrimPrefix(text, "$"), "$")
	if len(parts) != 4 {
		return nil, ErrHashForm
	}
	_, word, _ := strings.Cut(strings.Replace(parts[0], "-", "_", 1), "_")
	if word == "" { // passlib's $pbkdf2$
		word = "sha1"
	}
	newHash := pbkdf2Hashes[word]
	django := !strings.HasPrefix(text, "$")
	count := parts[1]
	for part := range strings.SplitSeq(parts[1], ",") {
		if rest, ok := strings.CutPrefix(part, "i="); ok {
			count = rest
		}
	}
	iterations, err := strconv.Atoi(count)
	if newHash == nil || err != nil {
		return nil, ErrHashForm
	}
	salt := []byte(parts[2])
	if !django {
		if salt, err = anyBase64(parts[2]); err != nil {
			return nil, ErrHashForm
		}
	}
	want, err := anyBase64(parts[3])
	if err != nil || len(want) < 16 || len(want) > 64 || len(salt) == 0 {
		return nil, ErrHashForm
	}
	if iterations < minIterations || iterations > maxIterations {
		return nil, ErrHashCost
	}
	return func(password []byte) bool {
		sum, err := pbkdf2.Key(newHash, string(password), salt, iterations, len(want))
		return err == nil && same(sum, want)
	}, nil
}

func parseScrypt(text string) (foreign, error) {
	parts := strings.Split(text, "$")
	var ln, r, p int
	if len(parts) != 5 {
		return nil, ErrHashForm
	}
	if n, err := fmt.Sscanf(parts[2], "ln=%d,r=%d,p=%d", &ln, &r, &p); err != nil || n != 3 {
		return nil, ErrHashForm
	}
	salt, err1 := anyBase64(parts[3])
	want, err2 := anyBase64(parts[4])
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 64 || len(salt) == 0 {
		return nil, ErrHashForm
	}
	if ln < 10 || ln > 20 || r < 1 || r > 32 || p < 1 || p > 4 || (128*r)<<ln > maxScryptBytes {
		return nil, ErrHashCost
	}
	return func(password []byte) bool {
		sum, err := scrypt.Key(password, salt, 1<<ln, r, p, len(want))
		return err == nil && same(sum, want)
	}, nil
}
