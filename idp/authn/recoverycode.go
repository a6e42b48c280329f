package authn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// RecoveryCodes is how many codes a person gets at once.
const RecoveryCodes = 10

func withEvent(e audit.Event) audit.Record { return audit.With(e) }

// newCodes makes recovery codes of twelve digits, in groups that can be copied from paper, and their keyed hashes.
func (s *Ways) newCodes(ctx context.Context, accountID string) (codes []string, hashes [][]byte, err error) {
	for range RecoveryCodes {
		digits := ident.Digits(s.rand, 12)
		hash, err := s.lookup(ctx, []byte("recovery-code"), []byte(accountID), []byte(digits))
		if err != nil {
			return nil, nil, err
		}
		codes, hashes = append(codes, digits[:4]+"-"+digits[4:8]+"-"+digits[8:]), append(hashes, hash)
	}
	return codes, hashes, nil
}

// firstCodes are the codes for an account that has none.
func (s *Ways) firstCodes(ctx context.Context, accountID string) ([]string, [][]byte, error) {
	if s.realm.Plain {
		return nil, nil, nil
	}
	left, err := s.store.RecoveryCodes(ctx, accountID)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Unavailable)
	}
	if left > 0 {
		return nil, nil, nil
	}
	return s.newCodes(ctx, accountID)
}

// ReplaceRecoveryCodes gives new codes; the old ones end.
func (s *Ways) ReplaceRecoveryCodes(ctx context.Context, accountID string) ([]string, error) {
	codes, hashes, err := s.newCodes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	messages, err := s.notices(ident.New(s.rand, NoticeRecoveryNew), Notice{AccountID: accountID, What: NoticeRecoveryNew})
	if err != nil {
		return nil, err
	}
	record := audit.With(idp.Event(ctx, now, "recovery_codes.replaced", "account", accountID, nil)).And(messages...)
	if err := s.store.ReplaceRecoveryCodes(ctx, accountID, hashes, now, record); err != nil {
		return nil, fmt.Errorf("store recovery codes: %w", err)
	}
	return codes, nil
}

// CheckRecoveryCode uses a recovery code in the place of a second factor. It lifts nothing: the login keeps the level that
// it had, and all channels are told.
func (s *Ways) CheckRecoveryCode(ctx context.Context, accountID, code string) error {
	if err := s.counted(ctx, accountID); err != nil {
		return err
	}
	hash, err := s.lookup(ctx, []byte("recovery-code"), []byte(accountID), []byte(strings.TrimSpace(code)))
	if err != nil {
		return err
	}
	now := s.now().UTC()
	messages, err := s.notices(ident.New(s.rand, NoticeRecoveryUsed), Notice{AccountID: accountID, What: NoticeRecoveryUsed})
	if err != nil {
		return err
	}
	record := audit.With(idp.Event(ctx, now, "recovery_code.used", "account", accountID, nil)).And(messages...)
	err = s.store.UseRecoveryCode(ctx, accountID, hash, now, record)
	if errors.Is(err, idp.ErrNotFound) {
		return s.refused(ctx, accountID, "recovery_code")
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return s.passed(ctx, accountID)
}
