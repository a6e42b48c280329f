package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// stopped are the codes of states in which a seal must not be used.
var stopped = map[sealstatus.State]string{
	0: "SEAL_STATUS_NOT_YET", sealstatus.Suspended: "SEAL_STATUS_SUSPENDED", sealstatus.Revoked: "SEAL_STATUS_REVOKED",
	sealstatus.Lost: "SEAL_STATUS_LOST", sealstatus.Replaced: "SEAL_STATUS_REPLACED",
}

// sealStatus is step e of seal.md section 4.2: the state of the seal at the signing time, a bare seal's now, by the register of whoever
// judges its own seals, else by the newest status list that may speak of the maker's seals. Without either the step is skipped: a list is
// something that a maker's house publishes, or not.
//
// What ended later leaves a signature of before alone (what was sealed lawfully stays valid), but for a loss: who has the seal writes any
// time, so only a proven one helps. A list that is out of date still knows what had ended by then; that a seal is in use must be news.
func (s *signatureJudge) sealStatus(seal *ses.Seal, maker *pki.Certificate, moment time.Time) {
	sum := s.options.Memo.SM3(seal.Raw)
	entry, known, current := sealstatus.Seal{}, false, true
	if s.options.SealRegister != nil {
		var err error
		if entry, known, err = s.options.SealRegister(seal.ESID, sum); err != nil {
			s.unknown("seal_status", "seal_status_unreachable", "")
			return
		}
	}
	if !known {
		list, err := s.sealList(seal.ESID, maker)
		if err != nil {
			s.unknown("seal_status", "seal_status_unreachable", "")
			return
		}
		if list == nil {
			s.skipped("seal_status")
			return
		}
		current = list.Current(s.options.At)
		if entry, known = list.Lookup(seal.ESID, sum); !known {
			code := "seal_status_unknown"
			if moment.After(list.Issued) { // the seal may be younger than the list
				code = "seal_status_stale"
			}
			s.unknown("seal_status", code, seal.ESID)
			return
		}
	}
	if moment.IsZero() {
		moment = s.options.At
	}
	s.succeeded(entry)
	history := entry.History
	state, lost := history.At(moment), sealstatus.Event{}
	if state == 0 { // the clocks of the node that stamped and the one that put the seal into use may differ
		state = history.At(moment.Add(clockTolerance))
	}
	for _, e := range history {
		if e.State == sealstatus.Lost { // after the moment: before it, the seal is not in use
			lost = e
		}
	}
	switch {
	case state != sealstatus.InUse:
		s.failed("seal_status", stopped[state], moment.UTC().Format(time.RFC3339))
	case !lost.From.IsZero() && !s.proof.clears(lost.From):
		s.unknown("seal_status", "seal_lost_later", lost.From.UTC().Format(time.RFC3339))
	case !current && !history.Last().State.Final():
		s.unknown("seal_status", "seal_status_stale", "")
	default:
		s.passed("seal_status")
	}
}

// kindNames are the words of the report for how an organisation was succeeded.
var kindNames = map[sealstatus.Kind]string{sealstatus.Renamed: "renamed", sealstatus.Merged: "merged", sealstatus.Split: "split"}

// succeeded tells who stands in the place of the seal's organisation by now. What it sealed stays as it is: that is no state of the seal.
func (s *signatureJudge) succeeded(entry sealstatus.Seal) {
	became, ok := entry.BecameAt(s.options.At)
	if !ok {
		return
	}
	if s.out.Seal != nil {
		s.out.Seal.Successor = &Successor{Kind: kindNames[became.Kind], Since: became.From, Owner: entry.Owner, Names: became.Names}
	}
	words := "原“%s”，现“%s”"
	if s.options.Locale == "en" {
		words = "formerly “%s”, now “%s”"
	}
	s.reason("seal_owner_succeeded", fmt.Sprintf(words, entry.Owner, strings.Join(became.Names, "、")))
}

// sealList is the newest list of the seal's division that had been issued and may speak of the maker's seals.
func (s *signatureJudge) sealList(code string, maker *pki.Certificate) (*sealstatus.List, error) {
	division, ok := sealstatus.DivisionOf(code)
	if !ok || maker == nil {
		return nil, nil
	}
	lists := s.options.SealLists
	if s.options.SealListOf != nil {
		more, err := s.options.SealListOf(division)
		if err != nil {
			return nil, err
		}
		if more != nil {
			lists = append(slices.Clip(lists), more)
		}
	}
	var best *sealstatus.List
	refused := false
	trust := signed.Trust{Roots: s.options.Services(), Intermediates: s.options.Intermediates, CRLs: s.options.CRLs, At: s.options.At}
	for _, list := range lists {
		if list.Division != division || !list.Begun(s.options.At) || best != nil && list.Number <= best.Number {
			continue
		}
		if list.Judge(maker, trust) != nil {
			refused = true
			continue
		}
		best = list
	}
	if best == nil && refused {
		s.reason("seal_list_untrusted", division)
	}
	return best, nil
}
