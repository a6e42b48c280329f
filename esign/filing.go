package esign

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Filing is that a seal was put on file with the authority for seals (备案). The zero one is none.
type Filing struct {
	Number     string    // of the receipt
	Authority  string    // who gave it
	On         time.Time // the day of the receipt
	By         string    // who entered it here
	RecordedAt time.Time
}

var filingNumber = regexp.MustCompile(`^[0-9A-Za-z()\-]{1,32}$`)

const maxAuthority = 60

// filable are the states in which a seal can be put on file: once it is made.
var filable = []State{Made, Active, Suspended}

// File enters once that a seal was put on file. The reviewer does so who neither applied for it nor made it.
func (s *Service) File(ctx context.Context, id string, f Filing) (Seal, error) {
	var seen Seal
	ctx, seal, err := s.movable(ctx, id, RoleReviewer, filable, Made, func(seal *Seal, actor reqctx.Actor) error {
		seen = *seal
		switch {
		case actor.ID == seal.Applicant || actor.ID == seal.Maker:
			return fault.New(fault.SealSamePerson)
		case seal.Filing.Number != "":
			return fault.New(fault.SealFiled, "number", seal.Filing.Number)
		}
		f.By = actor.ID
		return f.check(s.now())
	})
	if err != nil {
		return Seal{}, err
	}
	f.RecordedAt = s.now()
	seal.Filing, seal.UpdatedAt = f, f.RecordedAt
	event := s.event(ctx, "seal.filed", "seal", seal.ID, map[string]string{"number": f.Number, "authority": f.Authority, "on": f.On.Format(time.DateOnly)})
	return s.moved(seal, s.cfg.Store.AmendSeal(ctx, seal, seen, audit.With(event)))
}

// check tells all that is wrong at once.
func (f Filing) check(now time.Time) error {
	unfit := fault.New(fault.SealFiling)
	for field, right := range map[string]bool{
		"number":    filingNumber.MatchString(f.Number),
		"authority": strings.TrimSpace(f.Authority) == f.Authority && f.Authority != "" && plain(f.Authority, maxAuthority),
		"filed_on":  !f.On.IsZero() && !f.On.After(now),
	} {
		if !right {
			unfit.WithField(field, fault.SealField)
		}
	}
	if len(unfit.Fields) > 0 {
		return unfit
	}
	return nil
}

// mayBegin refuses to put a seal into use that is not on file, where the house asks for that.
func (s *Service) mayBegin(seal *Seal, _ reqctx.Actor) error {
	if s.cfg.FilingRequired && seal.Filing.Number == "" {
		return fault.New(fault.SealUnfiled)
	}
	return nil
}
