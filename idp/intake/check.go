package intake

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// check turns a record into a row; a code tells why it is none.
func (s *Service) check(ctx context.Context, r Record, o Options, now time.Time) (Row, Code, error) {
	row := Row{Row: r.Row}
	if r.Broken || tooLong(r) {
		return row, Malformed, nil
	}
	if strings.TrimSpace(r.ExternalID) == "" {
		return row, ExternalIDMissing, nil
	}
	identifiers, code := identifiersOf(r)
	if code != "" {
		return row, code, nil
	}
	name := ""
	if r.Name != "" {
		var err error
		if name, err = subject.ParsePersonName(r.Name); err != nil {
			return row, NameInvalid, nil
		}
	}
	who, code := documentOf(s.accounts.Documents(), r)
	if code != "" {
		return row, code, nil
	}
	who.Name = name
	var code2 Code
	if row.Created, code2 = createdOf(r.Created, o, now); code2 != "" {
		return row, code2, nil
	}
	if row.Claimed = strings.TrimSpace(r.Level); len(row.Claimed) > 32 {
		return row, LevelInvalid, nil
	}
	hash, code, err := s.hashOf(ctx, r.PasswordHash, o.DryRun)
	if err != nil || code != "" {
		return row, code, err
	}
	if row.ExternalID, err = s.accounts.Lookup(ctx, "import/"+o.Source, strings.TrimSpace(r.ExternalID)); err != nil {
		return row, "", err
	}
	if row.Account, err = s.accounts.Prepare(ctx, identifiers, hash); err != nil {
		return row, "", err
	}
	details := map[string]string{"source": o.Source, "claimed": word(row.Claimed)}
	if who.Number != "" {
		if row.Document, err = s.accounts.IdentityLookup(ctx, who); err != nil {
			return row, "", err
		}
		// A number of one country alone does not tell when its holder was born, and without that nobody has a level.
		if o.Trust != nil && name != "" && who.Nationality == "" {
			if level := o.Trust.Level(row.Claimed); level > 0 {
				p := idp.Proof{IAL: level, Method: "import", Source: o.Trust.Source, At: now, Until: o.Trust.Until(now), Evidence: digest.Hex([]byte(o.Digest))}
				if p, err = s.accounts.PrepareProof(ctx, row.Account, p, who); err != nil {
					return row, "", err
				}
				row.Proof = &p
				details["ial"], details["trusted"] = string('0'+rune(level)), o.Trust.Source
			}
		}
	}
	row.Event = idp.Event(ctx, now, "account.imported", "account", row.Account.ID, details)
	return row, "", nil
}

// word keeps a foreign word for a level from carrying anything else into the audit log.
func word(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-' {
			return r
		}
		if r >= '0' && r <= '9' && len(text) <= 4 { // a longer one might be a number of the person
			return r
		}
		return -1
	}, text)
}

func tooLong(r Record) bool {
	for _, text := range []string{r.ExternalID, r.Mobile, r.Email, r.PasswordHash, r.Name, r.DocumentType, r.DocumentNumber, r.Nationality, r.Level, r.Created} {
		if len(text) > maxField || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return true
		}
	}
	return false
}

func identifiersOf(r Record) ([]subject.Identifier, Code) {
	var all []subject.Identifier
	for _, one := range []struct {
		text string
		kind subject.IdentifierKind
	}{{r.Mobile, subject.Mobile}, {r.Email, subject.Email}} {
		if strings.TrimSpace(one.text) == "" {
			continue
		}
		identifier, err := subject.ParseIdentifier(one.text)
		if err != nil || identifier.Kind != one.kind {
			return nil, IdentifierInvalid
		}
		all = append(all, identifier)
	}
	if len(all) == 0 {
		return nil, IdentifierMissing
	}
	return all, ""
}

// documentOf reads a document of a kind of the table, a citizen's where none is told. The nationality is kept where the kind asks for one.
func documentOf(kinds subject.Documents, r Record) (idp.Identity, Code) {
	text := strings.TrimSpace(r.DocumentNumber)
	if text == "" {
		return idp.Identity{}, ""
	}
	kind := cmp.Or(r.DocumentType, subject.CitizenID)
	document, err := kinds.Parse(kind, text, strings.TrimSpace(r.Nationality))
	if err != nil {
		return idp.Identity{}, DocumentInvalid
	}
	who := idp.Identity{Type: document.Kind, Number: document.Number}
	if k, _ := kinds.Find(kind); k.Nationality == subject.NationalityAsked {
		who.Nationality = document.Nationality
	}
	return who, ""
}

func createdOf(text string, o Options, now time.Time) (time.Time, Code) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, ""
	}
	layouts := []string{time.RFC3339, time.DateTime, time.DateOnly}
	if o.Layout != "" {
		layouts = []string{o.Layout}
	}
	location := o.Location
	if location == nil {
		location = time.UTC
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, text, location); err == nil && at.Year() >= 1970 && !at.After(now.Add(24*time.Hour)) {
			return at.UTC(), ""
		}
	}
	return time.Time{}, CreatedInvalid
}

// hashOf brings a password hash into the form in which it is stored.
func (s *Service) hashOf(ctx context.Context, text string, dry bool) (string, Code, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", "", nil // signs in by a code
	}
	stored, err := text, authn.CheckForeign(text)
	if err == nil && !dry {
		stored, err = s.passwords.Foreign(ctx, text)
	}
	switch {
	case errors.Is(err, authn.ErrHashForm):
		return "", HashUnknown, nil
	case errors.Is(err, authn.ErrHashCost):
		return "", HashCost, nil
	}
	return stored, "", err
}

// seen finds what repeats inside a file during a dry run. Keyed hashes are cut to 8 octets: of a million rows two agree by
// accident once in ten million files, and a dry run decides nothing.
type seen struct{ identifiers, documents, ids map[uint64]struct{} }

func (s *seen) add(row Row) Code {
	if s.identifiers == nil {
		s.identifiers, s.documents, s.ids = map[uint64]struct{}{}, map[uint64]struct{}{}, map[uint64]struct{}{}
	}
	known := func(set map[uint64]struct{}, lookup []byte) bool {
		_, ok := set[binary.BigEndian.Uint64(lookup)]
		return ok
	}
	if known(s.ids, row.ExternalID) {
		return Already
	}
	for _, c := range row.Account.Contacts {
		if known(s.identifiers, c.Lookup) {
			return IdentifierRepeated
		}
	}
	if row.Document != nil && known(s.documents, row.Document) {
		return IdentityRepeated
	}
	s.ids[binary.BigEndian.Uint64(row.ExternalID)] = struct{}{}
	for _, c := range row.Account.Contacts {
		s.identifiers[binary.BigEndian.Uint64(c.Lookup)] = struct{}{}
	}
	if row.Document != nil {
		s.documents[binary.BigEndian.Uint64(row.Document)] = struct{}{}
	}
	return Imported
}
