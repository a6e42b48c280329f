package forgery

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Bounds of a report.
const (
	MaxFile       = 20 << 20 // octets
	MaxWhere      = 500      // characters
	MaxAddress    = 2000
	MaxContact    = 254
	MaxIdentifier = 200
)

// Report is what somebody tells.
type Report struct {
	Code       string // verdict that was shown: V20
	Identifier string // of the licence or seal
	SM3        string // of the file, in hex
	Where      string // where it was met
	Address    string // of a page; text, which nothing follows
	Contact    string // mobile number or e-mail address; empty for none
	File       []byte // nil for none
	Send       bool   // the file goes with the report
}

// Given is what a reporter gets.
type Given struct {
	Receipt string // shown once
	// Unreached: the contact was not taken, because it stands in too many reports.
	Unreached bool
	At        time.Time
}

var (
	verdictCode = regexp.MustCompile(`^V[0-9]{2}$`)
	sm3Form     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// clean brings a report into one form and says what is wrong with it, all at once.
func (r Report) clean() (Report, *subject.Identifier, error) {
	r.Code, r.Identifier = strings.TrimSpace(r.Code), strings.TrimSpace(r.Identifier)
	r.SM3 = strings.ToLower(strings.Join(strings.Fields(r.SM3), ""))
	r.Where, r.Address, r.Contact = strings.TrimSpace(r.Where), strings.TrimSpace(r.Address), strings.TrimSpace(r.Contact)
	wrong := fault.New(fault.Invalid)
	add := func(field string, code fault.Code, params ...string) { wrong = wrong.WithField(field, code, params...) }
	if r.Code != "" && !verdictCode.MatchString(r.Code) {
		r.Code = "" // it says nothing that counts
	}
	if r.SM3 != "" && !sm3Form.MatchString(r.SM3) {
		add("sm3", fault.ForgerySubject)
	}
	if !plain(r.Identifier, MaxIdentifier) || strings.ContainsAny(r.Identifier, "\n\r\t") {
		add("identifier", fault.ForgerySubject)
	}
	if !plain(r.Where, MaxWhere) {
		add("where", fault.ForgeryWhere)
	}
	if r.Address != "" && !addressForm(r.Address) {
		add("address", fault.ForgeryAddress)
	}
	var contact *subject.Identifier
	if r.Contact != "" {
		one, err := subject.ParseIdentifier(r.Contact)
		if err != nil || len(r.Contact) > MaxContact {
			add("contact", fault.ForgeryContact)
		}
		contact = &one
	}
	switch {
	case r.Send != (len(r.File) > 0):
		add("file", fault.ForgeryFile)
	case len(r.File) > MaxFile:
		add("file", fault.TooLarge, "limit", "20 MB")
	}
	if r.SM3 == "" && r.Identifier == "" && r.Address == "" && len(r.File) == 0 && !r.Send {
		add("identifier", fault.ForgerySubject)
	}
	if len(wrong.Fields) > 0 {
		return r, nil, wrong
	}
	return r, contact, nil
}

// plain reports whether a text is no longer than n characters and shows nothing that cannot be seen.
func plain(text string, n int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= n && !strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' || unicode.Is(unicode.Bidi_Control, c)
	})
}

// addressForm reports whether a text is an address of the web. Nothing is asked of its host.
func addressForm(text string) bool {
	if !plain(text, MaxAddress) || strings.ContainsFunc(text, unicode.IsSpace) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// key is what further reports of the same thing share.
func (r Report) key() string {
	switch {
	case r.SM3 != "":
		return "sm3:" + r.SM3
	case r.Identifier != "":
		return "id:" + digest.Hex([]byte(strings.ToUpper(r.Identifier)))
	}
	return "url:" + digest.Hex([]byte(r.Address))
}

// Receive takes a report. Nobody has to sign in.
func (s *Service) Receive(ctx context.Context, r Report) (Given, error) {
	r, contact, err := r.clean()
	if err != nil {
		return Given{}, err
	}
	if err := s.cfg.Admit(ctx, len(r.File) > 0); err != nil {
		return Given{}, err
	}
	found, own, err := s.judge(ctx, &r)
	if err != nil {
		return Given{}, err
	}
	t := Telling{ID: ident.New(s.cfg.Rand, "fgt"), Told: r.Code, Locale: reqctx.From(ctx).Locale, At: s.now()}
	given := Given{Receipt: newReceipt(s.cfg.Rand), At: t.At}
	if t.Receipt, err = s.hash(ctx, "receipt", readReceipt(given.Receipt)); err != nil {
		return Given{}, err
	}
	if given.Unreached, err = s.sealTelling(ctx, &t, r, contact); err != nil {
		return Given{}, err
	}
	file, err := s.keep(ctx, r.File)
	if err != nil {
		return Given{}, err
	}
	fresh := Case{ID: ident.New(s.cfg.Rand, "fgc"), Version: 1, Key: r.key(), State: Received, Kind: found.Kind, Object: found.ID, Identifier: found.Identifier, Department: found.Department, Area: found.Area,
		SM3: r.SM3, Told: r.Code, Own: own, File: file.ID, Count: 1, CreatedAt: t.At, LastAt: t.At}
	_, err = s.cfg.Store.Receive(ctx, fresh.Key, t, func(open *Case) (Case, audit.Record, error) {
		c, joined := fresh, "false"
		if open != nil {
			c, joined = open.join(fresh), "true"
		}
		e := s.event(ctx, "forgery.reported", c.ID, t.At, "telling", t.ID, "joined", joined, "kind", string(c.Kind), "own", c.Own)
		message, err := s.message(TopicReported, c.ID, t.At)
		return c, audit.With(e).And(message), err
	})
	if err != nil {
		return Given{}, storeFault(err, "store report")
	}
	s.cfg.Wake()
	return given, nil
}

// join takes one more report of the same thing into an open case. A case without a file takes over what the file of the newcomer says; where
// that gives it to somebody else, it waits anew.
func (c Case) join(next Case) Case {
	c.Count, c.LastAt = c.Count+1, next.LastAt
	if c.Told == "" {
		c.Told = next.Told
	}
	if c.File != "" || next.File == "" {
		return c
	}
	c.File, c.Own = next.File, next.Own
	if next.Kind != Unknown && next.Object != c.Object {
		c.Kind, c.Object, c.Identifier, c.Department, c.Area = next.Kind, next.Object, next.Identifier, next.Department, next.Area
		c.State, c.TakenBy = Received, ""
	}
	return c
}

// judge looks at the file, and for what it or the reporter names in the registers. The digest of a report with a file is that of the file.
func (s *Service) judge(ctx context.Context, r *Report) (found Object, own string, err error) {
	found = Object{Kind: Unknown, Identifier: r.Identifier}
	candidates := []string{r.Identifier}
	if len(r.File) > 0 {
		r.SM3 = hex.EncodeToString(digest.Sum(r.File))
		if !isCode(r.File) { // a code is used up by being judged
			result, err := s.cfg.Judge(ctx, r.File)
			if err != nil {
				return found, "", err
			}
			own, candidates = result.Code, append(claims(result), r.Identifier)
		}
	}
	for _, one := range candidates {
		if one == "" {
			continue
		}
		known, ok, err := s.cfg.Find(ctx, one)
		if err != nil {
			return found, "", storeFault(err, "look up what is claimed")
		}
		if ok {
			return known, own, nil
		}
		if found.Identifier == "" && plain(one, MaxIdentifier) {
			found.Identifier = one
		}
	}
	return found, own, nil
}

// claims are the identifiers that a file gives itself: of the licence, and of seals.
func claims(result verify.Result) (all []string) {
	if result.License != nil {
		all = append(all, result.License.LicenseID)
	}
	for _, one := range result.Signatures {
		if one.Seal != nil && len(all) < 20 {
			all = append(all, one.Seal.SealID)
		}
	}
	return all
}

const maxCode = 4096

func isCode(file []byte) bool {
	return len(file) < maxCode && presentation.IsCode(strings.TrimPrefix(string(file), "\ufeff"))
}

// sealTelling seals what a reporter wrote. A contact that stands in too many reports of the day is left out.
func (s *Service) sealTelling(ctx context.Context, t *Telling, r Report, contact *subject.Identifier) (unreached bool, err error) {
	said, err := json.Marshal(Said{r.Where, r.Address})
	if err != nil {
		return false, fault.Wrap(err, fault.Internal)
	}
	if t.Said, err = s.seal(ctx, said, "said|"+t.ID); err != nil || contact == nil {
		return false, err
	}
	if t.Reach, err = s.hash(ctx, "contact", string(contact.Kind), contact.Value); err != nil {
		return false, err
	}
	ok, err := s.cfg.AdmitContact(ctx, t.Reach)
	if err != nil || !ok {
		t.Reach = ""
		return true, err
	}
	t.Contact, err = s.seal(ctx, []byte(contact.Value), "contact|"+t.ID)
	return false, err
}

// keep stores a file under a key of ours; nothing for none. What is planned and not taken by a case is swept.
func (s *Service) keep(ctx context.Context, content []byte) (File, error) {
	if len(content) == 0 {
		return File{}, nil
	}
	f := File{ID: ident.New(s.cfg.Rand, "fgf"), Size: len(content), At: s.now()}
	sealed, err := s.seal(ctx, content, "file|"+f.ID)
	if err != nil {
		return f, err
	}
	f.Key, f.Address = sealed.Key, digest.Hex(sealed.Octet)
	if err := s.cfg.Store.PlanFile(ctx, f); err != nil {
		return f, storeFault(err, "plan file")
	}
	if _, err := s.cfg.Blobs.Put(ctx, sealed.Octet); err != nil {
		return f, fault.Wrap(err, fault.Unavailable)
	}
	return f, nil
}

// Handed is what a result of the verification hands over to the form: what has no right form of it is left out.
func Handed(code, identifier, sm3 string) Report {
	r := Report{Code: code, Identifier: identifier, SM3: sm3}
	if !verdictCode.MatchString(code) {
		r.Code = ""
	}
	if !plain(identifier, MaxIdentifier) || strings.ContainsAny(identifier, "\n\r\t") {
		r.Identifier = ""
	}
	if !sm3Form.MatchString(sm3) {
		r.SM3 = ""
	}
	return r
}
