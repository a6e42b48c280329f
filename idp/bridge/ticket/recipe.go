package ticket

import (
	"crypto/ecdsa"
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Algorithms of a recipe.
const (
	MD5     = "md5_legacy" // only where the registration says legacy: true
	HMACSM3 = "hmac_sm3"
	SM2     = "sm2"
)

// Recipe says how a partner signs a request: which parameters in which order, how they are joined, with what, and how the
// result is written. It is data, because no two old platforms agree.
type Recipe struct {
	Algorithm string   `json:"algorithm" yaml:"algorithm"`
	Order     []string `json:"order" yaml:"order"`   // parameters that are signed; empty is all, sorted by name
	Form      string   `json:"form" yaml:"form"`     // pairs (name=value) or values
	Joiner    string   `json:"joiner" yaml:"joiner"` // between them; default &
	Secret    string   `json:"secret_place" yaml:"secret_place"`
	Encoding  string   `json:"encoding" yaml:"encoding"`             // hex, HEX or base64
	Parameter string   `json:"parameter" yaml:"parameter"`           // default sign
	Time      string   `json:"time_parameter" yaml:"time_parameter"` // default timestamp
	TimeForm  string   `json:"time_form" yaml:"time_form"`           // seconds, millis or compact (20060102150405 in Beijing)
	Nonce     string   `json:"nonce_parameter" yaml:"nonce_parameter"`
	PublicKey string   `json:"public_key" yaml:"public_key"` // of the partner for sm2: 04‖x‖y in hexadecimal
}

// Window is how far the partner's clock may be from ours; a nonce is remembered for twice as long.
const Window = 5 * time.Minute

// ErrSignature: the signature does not hold, for whatever reason.
var ErrSignature = errors.New("ticket: signature does not hold")

// orDefault sets what was left out.
func orDefault(value *string, fallback string) {
	if *value == "" {
		*value = fallback
	}
}

// Normalize fills in defaults and tells what cannot be: the field and why, or nothing.
func (r *Recipe) Normalize() (field, why string) {
	orDefault(&r.Form, "pairs")
	orDefault(&r.Joiner, "&")
	orDefault(&r.Secret, "key")
	orDefault(&r.Parameter, "sign")
	orDefault(&r.Time, "timestamp")
	orDefault(&r.TimeForm, "seconds")
	orDefault(&r.Nonce, "nonce")
	orDefault(&r.Encoding, map[string]string{SM2: "base64"}[r.Algorithm])
	orDefault(&r.Encoding, "hex")
	switch {
	case !slices.Contains([]string{MD5, HMACSM3, SM2}, r.Algorithm):
		return "algorithm", "hmac_sm3, sm2 or md5_legacy"
	case r.Form != "pairs" && r.Form != "values":
		return "form", "pairs or values"
	case len(r.Order) > 0 && (!slices.Contains(r.Order, r.Time) || !slices.Contains(r.Order, r.Nonce)):
		return "order", "time and nonce must be signed"
	case len(r.Order) == 0 && r.Form == "values":
		return "order", "values without names need an order"
	case !slices.Contains([]string{"key", "append", "prepend"}, r.Secret):
		return "secret_place", "key, append or prepend"
	case !slices.Contains([]string{"hex", "HEX", "base64"}, r.Encoding):
		return "encoding", "hex, HEX or base64"
	case !slices.Contains([]string{"seconds", "millis", "compact"}, r.TimeForm):
		return "time_form", "seconds, millis or compact"
	}
	if r.Algorithm == SM2 {
		if _, err := r.publicKey(); err != nil {
			return "public_key", "an SM2 point 04‖x‖y in hexadecimal"
		}
	}
	return "", ""
}

func (r Recipe) publicKey() (*ecdsa.PublicKey, error) {
	point, err := hex.DecodeString(r.PublicKey)
	if err != nil {
		return nil, err
	}
	return pki.ParseSM2Key(point)
}

// Text is what is signed. required are the parameters that must be in it. A value that holds the joiner is refused,
// because two readers could cut it differently; the value of fixed alone may, since it is compared with a registered one.
func (r Recipe) Text(parameters map[string]string, fixed string, required ...string) (string, error) {
	var names []string
	for _, name := range r.Order { // the order holds the parameters of every call; a call has some of them
		if _, given := parameters[name]; given {
			names = append(names, name)
		}
	}
	if len(r.Order) == 0 {
		for name := range parameters {
			if name != r.Parameter {
				names = append(names, name)
			}
		}
		sort.Strings(names)
	}
	for _, name := range append(required, r.Time, r.Nonce) {
		if !slices.Contains(names, name) || parameters[name] == "" {
			return "", fmt.Errorf("%w: %s is not signed", ErrSignature, name)
		}
	}
	parts := make([]string, len(names))
	for i, name := range names {
		value := parameters[name]
		if name != fixed && strings.Contains(value, r.Joiner) {
			return "", fmt.Errorf("%w: %s holds the joiner", ErrSignature, name)
		}
		if parts[i] = value; r.Form == "pairs" {
			parts[i] = name + "=" + value
		}
	}
	return strings.Join(parts, r.Joiner), nil
}

// Sign signs a text with a shared secret; SM2 is signed by the partner only.
func (r Recipe) Sign(text, secret string) (string, error) {
	switch r.Algorithm {
	case HMACSM3:
		return r.encode(digest.HMAC([]byte(secret), []byte(text))), nil
	case MD5:
		switch r.Secret {
		case "append":
			text += secret
		case "prepend":
			text = secret + text
		default:
			text += r.Joiner + "key=" + secret
		}
		sum := md5.Sum([]byte(text))
		return r.encode(sum[:]), nil
	}
	return "", fmt.Errorf("ticket: %s has no shared secret", r.Algorithm)
}

func (r Recipe) encode(octets []byte) string {
	switch r.Encoding {
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(octets))
	case "base64":
		return base64.StdEncoding.EncodeToString(octets)
	}
	return hex.EncodeToString(octets)
}

func (r Recipe) decode(text string) ([]byte, error) {
	if r.Encoding == "base64" {
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	return hex.DecodeString(text)
}

// Verify judges a signed request: signature first, then the time. The nonce is left to the caller, who remembers it.
func (r Recipe) Verify(parameters map[string]string, secret string, now time.Time, fixed string, required ...string) error {
	text, err := r.Text(parameters, fixed, required...)
	if err != nil {
		return err
	}
	given := parameters[r.Parameter]
	if r.Algorithm == SM2 {
		public, err := r.publicKey()
		if err != nil {
			return fmt.Errorf("%w: key: %w", ErrSignature, err)
		}
		signature, err := r.decode(given)
		if err != nil {
			return fmt.Errorf("%w: encoding", ErrSignature)
		}
		if _, err := pki.VerifySM2(public, nil, []byte(text), signature, pki.FormDEROrRaw); err != nil {
			return fmt.Errorf("%w: %w", ErrSignature, err)
		}
	} else {
		want, err := r.Sign(text, secret)
		if err != nil {
			return err
		}
		if secret == "" || subtle.ConstantTimeCompare([]byte(want), []byte(given)) != 1 {
			return ErrSignature
		}
	}
	at, err := r.parseTime(parameters[r.Time])
	if err != nil || at.Before(now.Add(-Window)) || at.After(now.Add(Window)) {
		return fmt.Errorf("%w: the time is not now", ErrSignature)
	}
	return nil
}

var beijing = time.FixedZone("Asia/Shanghai", 8*3600)

const compact = "20060102150405"

func (r Recipe) parseTime(text string) (time.Time, error) {
	if r.TimeForm == "compact" {
		return time.ParseInLocation(compact, text, beijing)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if r.TimeForm == "millis" {
		return time.UnixMilli(n), err
	}
	return time.Unix(n, 0), err
}

// FormatTime writes a time as the partner reads it.
func (r Recipe) FormatTime(at time.Time) string {
	switch r.TimeForm {
	case "compact":
		return at.In(beijing).Format(compact)
	case "millis":
		return strconv.FormatInt(at.UnixMilli(), 10)
	}
	return strconv.FormatInt(at.Unix(), 10)
}
