// Package revocation asks authorities over the network whether certificates are revoked: their OCSP responders first (RFC 6960, by POST),
// then their lists (RFC 5280 4.2.1.13). It is what stands behind pki.Evidence.More where an operator or a caller allows it.
//
// Whom it asks is written in certificates, so only those of chains to a trusted root may come here; the outbound client (security rule R9)
// decides what may be reached at all. Nothing that arrives is believed here: pki judges signatures, periods and whom an answer is about.
package revocation

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Bounds.
const (
	MaxExchanges = 12               // of one judgement, over all its certificates
	MaxTime      = 10 * time.Second // of one judgement
	maxList      = der.MaxBytes     // octets of a list (security rule R11)
	maxKept      = 256              // addresses
	maxOctets    = 64 << 20         // of lists and answers that are kept
	keptFor      = time.Hour        // before it is asked for again, though nextUpdate be later
	failedFor    = time.Minute      // before a place that did not answer is tried again
)

// ErrNoPlace is a certificate that names no place which can be asked over HTTP.
var ErrNoPlace = errors.New("the certificate names no place that can be asked")

// errSpent is a judgement that asked enough.
var errSpent = errors.New("enough was asked for one document")

// Caller is the outbound client (internal/outbound).
type Caller interface {
	DoUpTo(ctx context.Context, limit int64, method, address string, header http.Header, body []byte) (*outbound.Answer, error)
}

// Asker asks, and keeps what it got while it holds, for at most an hour. It is for use by many goroutines.
type Asker struct {
	caller Caller
	now    func() time.Time
	memo   pki.Memo

	mutex  sync.Mutex
	octets int
	places map[string]*place
}

// place is one address, and for responders one certificate there.
type place struct {
	mutex  sync.Mutex // held while it is asked, so that it is asked once
	answer any        // the last good one, nil before
	octets int        // of it
	until  time.Time  // when it is asked again
	failed error      // why the last try gave nothing; the answer before it may still hold
}

// New returns an asker; now is the clock that answers are kept by.
func New(caller Caller, now func() time.Time) *Asker {
	return &Asker{caller: caller, now: now, places: map[string]*place{}}
}

// More is pki.Evidence.More of one judgement, which asks at most MaxExchanges times and for MaxTime in all; what is kept costs nothing.
// at is the moment of the judgement.
func (a *Asker) More(ctx context.Context, at time.Time) func(certificate, issuer *pki.Certificate) (pki.Evidence, []string) {
	j := &judgement{asker: a, ctx: ctx, at: at, end: a.now().Add(MaxTime)}
	return j.more
}

// judgement is one document that is judged.
type judgement struct {
	asker     *Asker
	ctx       context.Context
	at        time.Time
	end       time.Time
	exchanges int
}

func (j *judgement) more(certificate, issuer *pki.Certificate) (found pki.Evidence, problems []string) {
	known := func() bool {
		return j.asker.memo.CheckEvidence(certificate, issuer, found, j.at).State != pki.RevocationUnknown
	}
	note := func(address string, err error) { problems = append(problems, fmt.Sprintf("%s: %v", address, err)) }
	responders, lists := certificate.OCSPResponders(), certificate.CRLPoints()
	for _, address := range responders {
		// Responders of SM2 authorities name issuers by SM3 (GB/T 19713) or, like everybody else's, by SHA-1 (RFC 5019 2.1.1).
		for _, digest := range digestsFor(issuer) {
			response, err := j.ask(address, digest, certificate, issuer)
			if err != nil {
				note(address, err)
				continue
			}
			if found.OCSP = append(found.OCSP, response); known() {
				return found, problems
			}
		}
	}
	for _, address := range lists {
		list, err := j.list(address)
		if err != nil {
			note(address, err)
			continue
		}
		if found.CRLs = append(found.CRLs, list); known() {
			break
		}
	}
	if len(responders)+len(lists) == 0 {
		problems = append(problems, ErrNoPlace.Error())
	}
	return found, problems
}

func digestsFor(issuer *pki.Certificate) []string {
	if pki.IsSM2(issuer.PublicKey) {
		return []string{pki.OIDSM3, pki.OIDSHA1}
	}
	return []string{pki.OIDSHA1}
}

// ask asks a responder about a certificate. There is no nonce, so that responders may answer from what they signed before (RFC 5019 2.1.1);
// an answer counts within its own period only.
func (j *judgement) ask(address, digest string, certificate, issuer *pki.Certificate) (*pki.OCSPResponse, error) {
	id, err := pki.NewCertID(digest, certificate.Serial, issuer)
	if err != nil {
		return nil, err
	}
	request := &pki.OCSPRequest{Asked: []pki.CertID{id}}
	body, err := request.Encode()
	if err != nil {
		return nil, err
	}
	read := func(content []byte) (*pki.OCSPResponse, time.Time, error) {
		response, err := pki.ParseOCSPResponse(content)
		if err != nil {
			return nil, time.Time{}, err
		}
		if err := response.Answers(request); err != nil {
			return nil, time.Time{}, err
		}
		return response, response.Singles[0].NextUpdate, nil
	}
	sum := sha256.Sum256(body)
	return fetch(j, address+"#"+string(sum[:]), address, outbound.MaxBody, http.MethodPost, "application/ocsp-request", body, read)
}

func (j *judgement) list(address string) (*pki.CRL, error) {
	return fetch(j, address, address, maxList, http.MethodGet, "", nil, func(content []byte) (*pki.CRL, time.Time, error) {
		list, err := pki.ParseCRL(content)
		if err != nil {
			return nil, time.Time{}, err
		}
		return list, list.NextUpdate, nil
	})
}

// fetch gives what is kept under a key while it is new, else asks; when that fails, what is kept serves until its own end.
func fetch[T any](j *judgement, key, address string, limit int64, method, contentType string, body []byte, read func(content []byte) (T, time.Time, error)) (T, error) {
	var none T
	a := j.asker
	p := a.place(key)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := a.now()
	kept, have := p.answer.(T)
	switch {
	case now.Before(p.until) && have:
		return kept, nil
	case now.Before(p.until):
		return none, p.failed
	}
	content, err := j.call(address, limit, method, contentType, body)
	var made T
	var next time.Time
	if err == nil {
		made, next, err = read(content)
	}
	if errors.Is(err, errSpent) || j.ctx.Err() != nil { // says nothing of the place
		return none, err
	}
	if err != nil {
		if p.failed, p.until = err, now.Add(failedFor); have {
			return kept, nil
		}
		return none, err
	}
	until := now.Add(keptFor)
	if now.Before(next) && next.Before(until) {
		until = next
	}
	a.weigh(len(content) - p.octets)
	p.answer, p.octets, p.until, p.failed = made, len(content), until, nil
	return made, nil
}

// call is one exchange within what a judgement may ask.
func (j *judgement) call(address string, limit int64, method, contentType string, body []byte) ([]byte, error) {
	left := j.end.Sub(j.asker.now())
	if j.exchanges == MaxExchanges || left <= 0 {
		return nil, errSpent
	}
	j.exchanges++
	ctx, cancel := context.WithTimeout(j.ctx, left)
	defer cancel()
	header := http.Header{}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	answer, err := j.asker.caller.DoUpTo(ctx, limit, method, address, header, body)
	switch {
	case err != nil:
		return nil, err
	case answer.Status != http.StatusOK:
		return nil, fmt.Errorf("status %d", answer.Status)
	}
	return answer.Body, nil
}

// place finds or makes the place of a key. When there are too many, or they hold too much, all are forgotten: they are a saving only.
func (a *Asker) place(key string) *place {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if p := a.places[key]; p != nil {
		return p
	}
	if len(a.places) >= maxKept || a.octets > maxOctets {
		clear(a.places)
		a.octets = 0
	}
	p := &place{}
	a.places[key] = p
	return p
}

func (a *Asker) weigh(octets int) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.octets += octets
}
