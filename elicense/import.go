package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// ImportFlag says what is not proven, or not as the standards ask, of a licence that was issued elsewhere.
type ImportFlag string

// Flags.
const (
	FlagNoFile           ImportFlag = "no_file"           // there is a row of a register and no document
	FlagSealedElsewhere  ImportFlag = "sealed_elsewhere"  // its document was sealed by others, and was proven valid when it was put on record
	FlagUntrustedIssuer  ImportFlag = "untrusted_issuer"  // nothing speaks against its document, and not all could be proven
	FlagLegacyIdentifier ImportFlag = "legacy_identifier" // an older form, or a check character that does not fit (GB/T 36904-2018)
	FlagOtherIssuer      ImportFlag = "other_issuer"      // the identifier names another issuer than the authority that put it on record
	FlagValues           ImportFlag = "values_incomplete" // values that the type asks for are missing or of another form
	FlagStatusUnknown    ImportFlag = "status_unknown"    // nobody publishes its status
)

// ImportFlags in the order in which they are told.
var ImportFlags = []ImportFlag{FlagNoFile, FlagSealedElsewhere, FlagUntrustedIssuer, FlagLegacyIdentifier, FlagOtherIssuer, FlagValues, FlagStatusUnknown}

// Import is a licence that was issued elsewhere and was put on record here (存量证照归集). It stands beside the register of licences: nothing of it is
// sealed, presented, logged or listed as a licence of ours, and its verdict is always that of its own document.
type Import struct {
	ID            string // our row key "imp_…", unguessable
	LicenseID     string // identifier (GB/T 36904), normalised; its version is a part of it
	TypeCode      string
	Template      string // version of the type by which its values were read
	AuthorityCode string // of who answers for the record
	Area          string
	HolderRef     string   // account of the holder, opaque; empty until known
	HolderKeys    []string // keyed hashes of the holders' codes
	DataKey       string   // key that encrypted Data
	Data          []byte   // catalog.Values as JSON, SM4-GCM
	Digest        string   // keyed hash of values and document, to tell a repetition from another licence
	Flags         []ImportFlag
	File          string // address of its document; empty without one
	Code          string // V-code of its document when it was put on record
	Batch         string
	Line          int
	Entrant       string
	Reviewer      string
	Issuer        string // who started the import
	CreatedAt     time.Time
}

// ImportCursor is the place of an import in lists.
func ImportCursor(i Import) string { return fmt.Sprintf("%020d.%s", i.CreatedAt.UnixMicro(), i.ID) }

// Imports keeps licences that were issued elsewhere. Their holders are bound and unbound with those of licences (Bind, Follow, Unbind), and they move
// with their authority (MoveAuthority).
type Imports interface {
	// AddImport puts one on record. A second one with the same identifier changes nothing and gives the one that is there, created false.
	// ErrEntryTaken when a licence of the register has the identifier, or that of its first version.
	AddImport(ctx context.Context, i Import, record audit.Record) (stored Import, created bool, err error)
	FindImport(ctx context.Context, id string) (Import, error)
	// FindIdentifiers gives what has one of the identifiers, without holders: licences of the register by identifier, and imports; at most 500.
	FindIdentifiers(ctx context.Context, identifiers []string) (ours []string, imports []Import, err error)
	// ListImports gives a page of the imports of a holder account, newest first, and the cursor of the next.
	ListImports(ctx context.Context, holderRef, after string, limit int) (page []Import, next string, err error)
}

// importFields are the values that a file of an import may give. Only who holds which licence is asked for: registers of older times have no more.
func importFields(t *catalog.Type) (keys []string, required map[string]bool) {
	own, _ := BatchFields(t)
	keys = append([]string{catalog.KeyLicenseID}, own[1:]...)
	required = map[string]bool{catalog.KeyLicenseID: true, catalog.KeyHolderName: true, catalog.KeyHolderCode: true, catalog.KeyHolderType: len(t.HolderCodeTypes) > 1}
	if !slices.Contains(keys, catalog.KeyLicenseNumber) {
		keys = append(keys, catalog.KeyLicenseNumber)
	}
	return append(keys, catalog.KeyAuthority, catalog.KeyIssuedDate), required
}

// importFileColumn is the column with the names of documents.
const importFileColumn = "file"

// documentTable reads an archive of documents as rows: what each says of itself stands in columns of our names. A document that is no licence
// gives a broken row.
func (s *Service) documentTable(content []byte, t *catalog.Type) (batchfile.Table, error) {
	documents, err := batchfile.Documents(content)
	if err != nil {
		return batchfile.Table{}, err
	}
	fields, _ := importFields(t)
	table := batchfile.Table{Columns: append([]string{importFileColumn}, fields...)}
	for n, d := range documents {
		row := batchfile.Row{Line: n + 1, Cells: []string{d.Name}, File: d.Content, Broken: true}
		if row.File == nil {
			row.File = []byte{} // a document all the same, and none that can be read
		}
		if p, err := ofd.Open(d.Content, ofd.DefaultLimits()); err == nil {
			if l, err := licensefile.ReadWith(s.Types(), p); err == nil {
				row.Broken = false
				for _, key := range fields {
					value := strings.Join(l.Values[key], batchfile.Separator)
					if key == catalog.KeyLicenseID {
						value = l.ID
					}
					row.Cells = append(row.Cells, value)
				}
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table, nil
}

// fileJudge judges documents as everybody's are judged.
type fileJudge func(name string, document []byte) (verify.Result, error)

func (s *Service) fileJudge(ctx context.Context) (fileJudge, error) {
	o, failure, err := s.judging(ctx)
	if err != nil {
		return nil, err
	}
	return func(name string, document []byte) (verify.Result, error) {
		result := evidence.Judge(name, document, o)
		return result, storeFault(*failure, "find status list")
	}, nil
}

// readImport takes a row to what would be put on record: identifier, values, flags and verdict. Row key and keyed hashes are not computed.
func (b Batch) readImport(t *catalog.Type, authority Authority, row batchfile.Row, judge fileJudge) (i Import, values catalog.Values, err error) {
	if row.Broken {
		if row.File != nil {
			return i, nil, fault.New(fault.ImportFile)
		}
		return i, nil, fault.New(fault.LicenseRowBroken)
	}
	get := func(key string) string {
		if n := slices.Index(b.Columns, b.Mapping[key]); n >= 0 && n < len(row.Cells) {
			return row.Cells[n]
		}
		return ""
	}
	i = Import{TypeCode: b.TypeCode, Template: t.TemplateID(), AuthorityCode: b.AuthorityCode, Area: b.Area, Batch: b.ID, Line: row.Line, Entrant: b.Entrant, Reviewer: b.Reviewer, Issuer: b.Issuer}
	flags := map[ImportFlag]bool{}
	id, odd, err := catalog.ReadID(get(catalog.KeyLicenseID))
	if err != nil {
		return i, nil, fault.Wrap(err, fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportIdentifier)
	}
	i.LicenseID = id.String()
	if !slices.Contains(odd, catalog.IDLocalType) && id.TypeCode != t.Code {
		return i, nil, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportType)
	}
	flags[FlagLegacyIdentifier] = len(odd) > 0
	flags[FlagOtherIssuer] = id.IssuerCode != authority.Code
	values, complete, err := b.importValues(t, authority, row, id, get)
	if err != nil {
		return i, nil, err
	}
	flags[FlagValues] = !complete
	flags[FlagNoFile], flags[FlagStatusUnknown] = row.File == nil, true
	if row.File != nil {
		result, err := judge(row.Cells[0], row.File)
		switch {
		case err != nil:
			return i, nil, err
		case result.License == nil || result.Verdict == verify.Invalid:
			return i, nil, fault.New(fault.ImportFile)
		}
		i.Code = result.Code
		flags[FlagSealedElsewhere], flags[FlagUntrustedIssuer] = result.Verdict == verify.Valid, result.Verdict != verify.Valid
		flags[FlagStatusUnknown] = result.License.StatusSource == "none" || result.Verdict != verify.Valid // what is not proven names no list
	}
	for _, flag := range ImportFlags {
		if flags[flag] {
			i.Flags = append(i.Flags, flag)
		}
	}
	return i, values, nil
}

// importValues are the values of a row. Those of its holders must be right, because they decide whose licence it is; of the others it is told
// whether they are what the type asks for.
func (b Batch) importValues(t *catalog.Type, authority Authority, row batchfile.Row, id catalog.LicenseID, get func(string) string) (values catalog.Values, complete bool, err error) {
	a := b.application(t, row)
	if len(a.Holders) == 0 {
		return nil, false, fault.New(fault.LicenseValues).WithField(catalog.KeyHolderName, fault.LicenseFieldMissing)
	}
	values = a.values(t, authority)
	values.Set(catalog.KeyLicenseID, id.String())
	values.Set(catalog.KeyVersion, id.Version)
	values.Set(catalog.KeyIssuedDate, dateOf(get(catalog.KeyIssuedDate)))
	if name := get(catalog.KeyAuthority); name != "" {
		values.Set(catalog.KeyAuthority, name)
	}
	values.Set(catalog.KeyAuthorityCode, id.IssuerCode)
	probe := values.Clone()
	for _, key := range []string{catalog.KeyLicenseID, catalog.KeyVersion, catalog.KeyAuthorityCode, catalog.KeyCreatedAt} { // judged above, or ours alone
		probe.Set(key, t.Sample.First(key))
	}
	refused := fault.New(fault.LicenseValues)
	complete = true
	for _, single := range catalog.ValueErrors(t.CheckValues(probe)) {
		complete = false
		field := fault.From(valuesFault(single)).Fields[0]
		if slices.Contains([]string{catalog.KeyHolderName, catalog.KeyHolderCode, catalog.KeyHolderType}, field.Name) {
			refused = refused.WithField(field.Name, field.Code)
		}
	}
	if len(refused.Fields) > 0 {
		return nil, false, refused
	}
	return values, complete, nil
}

// importDigest tells a licence that is put on record again from another one. It is a keyed hash, because a plain digest of few fields could be
// guessed at.
func (s *Service) importDigest(ctx context.Context, values catalog.Values, document []byte) (string, error) {
	whole, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	sum := ""
	if document != nil {
		sum = digest.Hex(document)
	}
	return s.hash(ctx, "import", digest.Hex(whole), sum)
}

// checkImports judges every row as putting it on record would.
func (s *Service) checkImports(ctx context.Context, b Batch, t *catalog.Type, authority Authority, table batchfile.Table) ([]BatchRow, error) {
	judge, err := s.fileJudge(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]BatchRow, len(table.Rows))
	digests := make([]string, len(table.Rows))
	first := map[string]int{} // identifier → index of its first row
	for n, row := range table.Rows {
		rows[n] = BatchRow{Line: row.Line, State: RowReady}
		i, values, err := b.readImport(t, authority, row, judge)
		if code := fault.CodeOf(err); err != nil && (code == fault.Internal || fault.MetaOf(code).Retryable) {
			return nil, err // no matter of the row
		}
		rows[n].LicenseID, rows[n].Flags = i.LicenseID, i.Flags
		rows[n].refuse(b, err)
		if i.LicenseID == "" {
			continue
		}
		if earlier, twice := first[i.LicenseID]; twice { // neither: which of them is meant is nothing to guess
			for _, one := range []int{earlier, n} {
				if !slices.ContainsFunc(rows[one].Faults, func(f RowFault) bool { return f.Code == fault.ImportTwice }) {
					rows[one].refuse(b, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportTwice))
				}
			}
		} else {
			first[i.LicenseID] = n
		}
		if err == nil {
			if digests[n], err = s.importDigest(ctx, values, row.File); err != nil {
				return nil, storeFault(err, "digest import")
			}
		}
	}
	return rows, s.checkIdentifiers(ctx, b, rows, digests)
}

// FirstVersion is the identifier of the first version of the licence that is put on record, or its own where that is none by the rules. The versions of a
// licence share all but number and check character, and those of ours begin with the first: where the register has that one, every version is ours to make.
func (i Import) FirstVersion() string {
	if id, err := catalog.ParseID(i.LicenseID); err == nil {
		if first, err := catalog.MakeID(id.TypeCode, id.IssuerCode, id.Serial, 1); err == nil {
			return first.String()
		}
	}
	return i.LicenseID
}

// checkIdentifiers refuses rows whose identifier is that of a licence of ours, in any version, or of another one that was put on record.
func (s *Service) checkIdentifiers(ctx context.Context, b Batch, rows []BatchRow, digests []string) error {
	of := map[string][]int{} // identifier → the rows that it speaks against, where the register has it
	for n, row := range rows {
		if row.State == RowReady {
			of[row.LicenseID] = append(of[row.LicenseID], n)
			if first := (Import{LicenseID: row.LicenseID}).FirstVersion(); first != row.LicenseID {
				of[first] = append(of[first], n)
			}
		}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(of)), 500) {
		ours, imports, err := s.cfg.Store.FindIdentifiers(ctx, chunk)
		if err != nil {
			return storeFault(err, "find identifiers")
		}
		for _, id := range ours {
			for _, n := range of[id] {
				rows[n].refuse(b, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportOurs))
			}
		}
		for _, i := range imports {
			for _, n := range of[i.LicenseID] {
				if rows[n].LicenseID == i.LicenseID && i.Digest != digests[n] {
					rows[n].refuse(b, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportOther))
				}
			}
		}
	}
	return nil
}

// TopicImported is to the holder: a licence that was issued elsewhere is on record here: Notice.
const TopicImported = "license.imported"

// take puts a licence that was issued elsewhere on record; doing it again gives the same record.
func (r *batchRun) take(ctx context.Context, row batchfile.Row) (BatchRow, error) {
	s := r.s
	i, values, err := r.b.readImport(r.t, r.authority, row, r.judge)
	if err != nil {
		return BatchRow{}, err
	}
	i.ID, i.CreatedAt = ident.New(s.cfg.Rand, "imp"), s.now()
	if i.Digest, err = s.importDigest(ctx, values, row.File); err == nil {
		i.Data, i.DataKey, err = s.sealAt(ctx, importPlace(i.ID), values)
	}
	for n, code := range values[catalog.KeyHolderCode] {
		if err != nil {
			break
		}
		var key string
		if key, err = s.LookupKey(ctx, values[catalog.KeyHolderType][n], code); !slices.Contains(i.HolderKeys, key) {
			i.HolderKeys = append(i.HolderKeys, key)
		}
	}
	if err != nil {
		return BatchRow{}, storeFault(err, "prepare import")
	}
	if row.File != nil {
		if i.File, err = s.cfg.Blobs.Put(ctx, row.File); err != nil {
			return BatchRow{}, fmt.Errorf("store document: %w", err)
		}
	}
	e := s.importEvent(ctx, "license.imported", i, i.CreatedAt, "license_id", i.LicenseID, "batch", i.Batch, "line", strconv.Itoa(i.Line), "file", i.File, "verdict", i.Code, "flags", flagText(i.Flags))
	stored, created, err := s.cfg.Store.AddImport(ctx, i, audit.With(e).And(notice(TopicImported, "imported", License{ID: i.ID, LicenseID: i.LicenseID, TypeCode: i.TypeCode}, i.CreatedAt)))
	switch {
	case errors.Is(err, ErrEntryTaken):
		return BatchRow{}, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportOurs)
	case err != nil:
		return BatchRow{}, storeFault(err, "store import")
	case !created && stored.Digest != i.Digest:
		return BatchRow{}, fault.New(fault.Invalid).WithField(catalog.KeyLicenseID, fault.ImportOther)
	}
	return BatchRow{State: RowTaken, License: stored.ID, LicenseID: stored.LicenseID, File: stored.File, IssuedAt: stored.CreatedAt, Flags: stored.Flags}, nil
}

func flagText(flags []ImportFlag) string {
	var words []string
	for _, flag := range flags {
		words = append(words, string(flag))
	}
	return strings.Join(words, " ")
}

func (s *Service) importEvent(ctx context.Context, kind string, i Import, at time.Time, details ...string) audit.Event {
	e := s.event(ctx, kind, i.ID, at, details...)
	e.ObjectType = "imported_license"
	return e
}

func importPlace(id string) []byte { return []byte("lic_import|data|" + id) }

// ImportDetail is an import with its values, for staff and for its holder.
type ImportDetail struct {
	Import
	Values catalog.Values
}

// FindImport gives an import to staff, which is on record, and to its holder. Everybody else gets the answer of one that is not there.
func (s *Service) FindImport(ctx context.Context, id string) (ImportDetail, error) {
	return s.findImport(ctx, id, "license.import.read")
}

func (s *Service) findImport(ctx context.Context, id, reading string) (ImportDetail, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return ImportDetail{}, fault.New(fault.Unauthenticated)
	}
	i, err := s.cfg.Store.FindImport(ctx, id)
	mine := err == nil && i.HolderRef != "" && i.HolderRef == holder(actor) && actor.ActingFor == "" // mandates open licences of ours
	if err == nil && !mine && !actor.Reaches(i.Area, roles...) {
		err = ErrNotFound
	}
	if err != nil {
		return ImportDetail{}, storeFault(err, "find import")
	}
	values, err := s.openAt(ctx, i.DataKey, importPlace(i.ID), i.Data)
	if err != nil {
		return ImportDetail{}, storeFault(err, "read values")
	}
	if !mine {
		if err := s.cfg.Store.Note(ctx, audit.With(s.importEvent(ctx, reading, i, s.now()))); err != nil {
			return ImportDetail{}, storeFault(err, "record reading")
		}
	}
	return ImportDetail{i, values}, nil
}

// ImportDocument gives the document of an import as it came, and its name: the identifier and ".OFD". NotFound without one.
func (s *Service) ImportDocument(ctx context.Context, id string) (name string, content []byte, err error) {
	i, err := s.findImport(ctx, id, "license.import.fetched")
	if err != nil {
		return "", nil, err
	}
	if i.File == "" {
		return "", nil, fault.New(fault.NotFound)
	}
	content, err = s.cfg.Blobs.Get(ctx, i.File)
	if err != nil {
		return "", nil, fmt.Errorf("read document: %w", err)
	}
	return i.LicenseID + ".OFD", content, nil
}

// MyImports gives a person a page of the licences in their wallet that were issued elsewhere.
func (s *Service) MyImports(ctx context.Context, after string, limit int) (page []Import, next string, err error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case actor.ID == "":
		return nil, "", fault.New(fault.Unauthenticated)
	case !strings.HasPrefix(holder(actor), "account:"), actor.ActingFor != "":
		return nil, "", fault.New(fault.Forbidden)
	case limit < 1 || limit > 200:
		return nil, "", fault.New(fault.Invalid).WithField("limit", fault.LicenseFieldForm)
	}
	page, next, err = s.cfg.Store.ListImports(ctx, holder(actor), after, limit)
	return page, next, storeFault(err, "list imports")
}

// ClaimImported delivers an import to the holders who proved their codes here: find gives the account of a holder code, empty without one.
// The room that knows accounts calls it, through internal/app, for each message of TopicImported.
func (s *Service) ClaimImported(ctx context.Context, payload []byte, find func(ctx context.Context, codeType, code string) (account string, err error)) error {
	var message Notice
	if err := json.Unmarshal(payload, &message); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	i, err := s.cfg.Store.FindImport(ctx, message.License)
	if err != nil {
		return storeFault(err, "find import")
	}
	values, err := s.openAt(ctx, i.DataKey, importPlace(i.ID), i.Data)
	if err != nil {
		return storeFault(err, "read values")
	}
	for n, code := range values[catalog.KeyHolderCode] {
		kind := values[catalog.KeyHolderType][n]
		account, err := find(ctx, kind, code)
		if err != nil {
			return err
		}
		if account == "" {
			continue
		}
		if _, err := s.Claim(ctx, account, kind, code); err != nil {
			return err
		}
	}
	return nil
}
