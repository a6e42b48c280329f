package proofing

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Sample is the method of cases in which people look at an automatic pass again (抽检). Nobody waits for it: the level holds from
// the pass on.
const Sample = "sample"

// Outcomes of samples.
const (
	SampleWaiting   = "waiting"
	SampleConfirmed = "confirmed"
	SampleFailed    = "failed"  // all evidence of the account by that method was taken back
	SampleDropped   = "dropped" // the account was merged before anybody decided
)

// sampleBase is what a share is counted in: passes of a thousand.
const sampleBase = 1000

// sampleHours is when reviewers have to have decided where the policy of manual review says nothing, and sampleDays how far figures
// look back.
const (
	sampleHours = 72
	sampleDays  = 90
)

// TopicSampleFailed is the outbox topic of levels that ended because people did not confirm the pass.
const TopicSampleFailed = "proofing.sample_failed"

// sampled is what a case of a sample keeps of the pass.
type sampled struct {
	Method   string `json:"method"`
	Source   string `json:"source"`
	Evidence string `json:"evidence"`
}

// SampleFigures are what came of the samples of one method within the days that figures look back.
type SampleFigures struct {
	Method                     string
	Share                      int // of a thousand, as the policy has it now
	Waiting, Confirmed, Failed int64
	Dropped, Overdue           int64
}

// SampleDays is how far figures of samples look back.
const SampleDays = sampleDays

// drawn reports whether a pass is looked at again. The case has a random name of ours, and the hash a key of ours, so that nobody
// chooses, foresees or finds out by trying; the same case gives the same answer, whoever asks again.
func (s *Service) drawn(ctx context.Context, c Case, share int) (bool, error) {
	if share == 0 {
		return false, nil
	}
	mac, err := s.cfg.Accounts.Lookup(ctx, "proofing-sample", c.ID)
	if err != nil {
		return false, err
	}
	return binary.BigEndian.Uint64(mac)%sampleBase < uint64(share), nil
}

// sample puts the case of a second look with the evidence of a pass, in the share that the policy says.
func (s *Service) sample(ctx context.Context, c Case, q Query, level Level, proof *idp.Proof) error {
	if s.cfg.Reviews == nil || level.Method == ManualReview || q.IDNumber == "" {
		return nil
	}
	yes, err := s.drawn(ctx, c, level.Sample)
	if err != nil || !yes {
		return err
	}
	hours := sampleHours
	if row, ok := s.row(ManualReview); ok && row.DueHours > 0 {
		hours = row.DueHours
	}
	again := Case{ID: ident.New(s.cfg.Rand, "case"), AccountID: c.AccountID, State: Manual1, Method: Sample, Wanted: level.IAL, CreatedAt: proof.At, DueAt: proof.At.Add(time.Duration(hours) * time.Hour)}
	about := Query{RequestID: again.ID, Name: q.Name, IDType: q.IDType, IDNumber: q.IDNumber, Nationality: q.Nationality, Birth: q.Birth, Expires: q.Expires,
		Sampled: &sampled{Method: level.Method, Source: proof.Source, Evidence: proof.Evidence}}
	if err := s.sealInto(ctx, &again, about); err != nil {
		return err
	}
	proof.Sample = &idp.SampledPass{Case: again.ID, KeyID: again.KeyID, Sealed: again.Sealed, DueAt: again.DueAt}
	return nil
}

// decideSample judges what a decision makes of a sample: one confirmation is enough where nobody doubts, and two people must doubt
// before a level ends; where they differ a third decides.
func decideSample(reviews []Review, approve bool) (to State, kind string) {
	confirmed, doubted := 0, 0
	for _, r := range append(reviews, Review{Approve: approve}) {
		if r.Approve {
			confirmed++
		} else {
			doubted++
		}
	}
	switch {
	case doubted == 0 || confirmed >= agree:
		return Granted, "proofing.sample_confirmed"
	case doubted >= agree:
		return Rejected, "proofing.sample_failed"
	}
	return Manual2, "proofing.reviewed"
}

// sampleNotice tells a person that a level ended; nothing of the case.
func sampleNotice(c Case) (audit.Message, error) {
	payload, err := json.Marshal(ReviewedMessage{AccountID: c.AccountID})
	return audit.Message{Topic: TopicSampleFailed, Key: c.ID, Payload: payload}, err
}

// Samples are the figures of samples by method, those with a share or with samples.
func (s *Service) Samples(ctx context.Context) ([]SampleFigures, error) {
	var all []SampleFigures
	if s.cfg.Reviews == nil {
		return nil, nil
	}
	now := s.cfg.Now()
	counted, err := s.cfg.Reviews.SampleFigures(ctx, now.AddDate(0, 0, -sampleDays), now)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	for _, level := range s.policy() {
		f := SampleFigures{Method: level.Method}
		for _, one := range counted {
			if one.Method == level.Method {
				f = one
			}
		}
		f.Share = level.Sample
		if f.Share > 0 || f.Waiting+f.Confirmed+f.Failed+f.Dropped > 0 {
			all = append(all, f)
		}
	}
	return all, nil
}

// refuseSample says what is wrong with a share of a row; empty when nothing is.
func (l Level) refuseSample() string {
	switch {
	case l.Sample < 0 || l.Sample > sampleBase:
		return "between 0 and " + strconv.Itoa(sampleBase) + ": passes of a thousand"
	case l.Sample > 0 && (l.Method == ManualReview || l.Method == NetworkID):
		return "people have nothing to look at here, or looked already"
	case l.Sample > 0 && l.Method == OrganisationRegister: // the register is asked again by itself, for as long as the organisation stands
		return "the register is asked again by itself"
	}
	return ""
}

// Sampled is what a reviewer sees of the pass behind a sample.
type Sampled struct{ Method, Source, Evidence string }

func (q Query) sampledView() *Sampled {
	if q.Sampled == nil {
		return nil
	}
	return &Sampled{q.Sampled.Method, q.Sampled.Source, q.Sampled.Evidence}
}

// judged refuses the case of somebody of whom this reviewer doubted a pass: who appeals by a review is seen by other people.
func (s *Service) judged(ctx context.Context, reviewer Reviewer, c Case) (bool, error) {
	before, err := s.cfg.Reviews.Doubted(ctx, reviewer.ID, c.AccountID)
	if err != nil {
		return false, fault.Wrap(fmt.Errorf("read decisions: %w", err), fault.Unavailable)
	}
	return before, nil
}
