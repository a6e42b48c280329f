package authn

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what authenticator apps can do
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// ByTOTP is the method: something the person has, beside a password.
var ByTOTP = By{"totp", 1, []string{"otp"}}

// Parameters of RFC 6238, those that every authenticator app understands.
const (
	totpSecret = 20 // octets, RFC 4226 section 4 R6
	totpStep   = 30 * time.Second
	totpDrift  = 1 // steps before and after, RFC 6238 section 5.2
)

// totpCode is the code of a time step (RFC 4226 section 5.3, six digits).
func totpCode(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1_000_000)
}

// matchTOTP finds the step whose code it is, later than the last accepted one; every step in reach is compared.
func matchTOTP(secret []byte, code string, after int64, now time.Time) (step int64, ok bool) {
	current := now.Unix() / int64(totpStep/time.Second)
	for at := current - totpDrift; at <= current+totpDrift; at++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, at)), []byte(code)) == 1 && at > after {
			step, ok = at, true
		}
	}
	return step, ok
}

// TOTPSetup is what the person gives to the authenticator.
type TOTPSetup struct {
	ID  string // of the pending credential
	Key string // base32, for typing
	URI string // otpauth://, for the QR code
}

// BeginTOTP makes an authenticator that counts once a code of it was shown. account is a masked name for the app's list.
func (s *Ways) BeginTOTP(ctx context.Context, accountID, name, account string) (TOTPSetup, error) {
	name, err := cleanName(name, "TOTP")
	if err != nil {
		return TOTPSetup{}, err
	}
	secret := make([]byte, totpSecret)
	if _, err := io.ReadFull(s.rand, secret); err != nil {
		return TOTPSetup{}, err
	}
	c := s.newCredential(accountID, KindTOTP, name, CredentialPending)
	if c.Lookup, err = s.lookup(ctx, []byte(KindTOTP), []byte(c.ID)); err != nil {
		return TOTPSetup{}, err
	}
	if err := s.secret(ctx, &c, secret); err != nil {
		return TOTPSetup{}, err
	}
	e := idp.Event(ctx, c.CreatedAt, "credential.begun", s.realm.Object, accountID, map[string]string{"credential": c.ID, "kind": string(KindTOTP)})
	if err := s.store.PutCredential(ctx, c, nil, withEvent(e)); err != nil {
		return TOTPSetup{}, missing(err)
	}
	return s.setupOf(c.ID, secret, account), nil
}

// PendingTOTP shows the authenticator that waits for its first code once more; fault.StepLost when it is none or too old.
func (s *Ways) PendingTOTP(ctx context.Context, accountID, id, account string) (TOTPSetup, error) {
	_, secret, err := s.pendingTOTP(ctx, accountID, id)
	return s.setupOf(id, secret, account), err
}

func (s *Ways) pendingTOTP(ctx context.Context, accountID, id string) (Credential, []byte, error) {
	c, err := s.store.Credential(ctx, accountID, id)
	if errors.Is(err, idp.ErrNotFound) || err == nil && (c.State != CredentialPending || c.Kind != KindTOTP || s.now().Sub(c.CreatedAt) > pendingLife) {
		return c, nil, fault.New(fault.StepLost)
	}
	if err != nil {
		return c, nil, fault.Wrap(err, fault.Unavailable)
	}
	secret, err := s.open(ctx, c)
	return c, secret, err
}

func (s *Ways) setupOf(id string, secret []byte, account string) TOTPSetup {
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	query := url.Values{"secret": {key}, "issuer": {s.issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + s.issuer + ":" + account, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}
	return TOTPSetup{ID: id, Key: key, URI: uri.String()}
}

// FinishTOTP turns the authenticator on when the code is right. codes are the recovery codes that came with the account's
// first credential, shown once; none otherwise.
func (s *Ways) FinishTOTP(ctx context.Context, accountID, id, code string) (codes []string, err error) {
	c, secret, err := s.pendingTOTP(ctx, accountID, id)
	if err != nil {
		return nil, err
	}
	if err := s.counted(ctx, accountID); err != nil {
		return nil, err
	}
	step, ok := matchTOTP(secret, code, 0, s.now())
	if !ok {
		return nil, s.refused(ctx, accountID, ByTOTP.Word)
	}
	codes, hashes, err := s.firstCodes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	record, err := s.record(ctx, "credential.added", NoticeAdded, c)
	if err != nil {
		return nil, err
	}
	err = s.store.ActivateCredential(ctx, accountID, id, step, s.now().UTC(), hashes, record)
	if errors.Is(err, idp.ErrNotFound) {
		return nil, fault.New(fault.StepLost)
	}
	if err != nil {
		return nil, fmt.Errorf("activate authenticator: %w", err)
	}
	return codes, s.passed(ctx, accountID)
}

// CheckTOTP evaluates a code against the account's authenticators and uses it up. Wrong and used codes are answered alike.
func (s *Ways) CheckTOTP(ctx context.Context, accountID, code string) error {
	if err := s.counted(ctx, accountID); err != nil {
		return err
	}
	all, err := s.store.Credentials(ctx, accountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, c := range all {
		if c.Kind != KindTOTP || c.State != CredentialActive {
			continue
		}
		secret, err := s.open(ctx, c)
		if err != nil {
			return err
		}
		step, ok := matchTOTP(secret, code, c.Counter, s.now())
		if !ok {
			continue
		}
		err = s.store.UseCredential(ctx, c.ID, step, s.now().UTC())
		if errors.Is(err, idp.ErrNotFound) {
			break // somebody used the same code at the same moment
		}
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		return s.passed(ctx, accountID)
	}
	return s.refused(ctx, accountID, ByTOTP.Word)
}
