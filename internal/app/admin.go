package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Manifest is a declarative file of `admin apply`. Applying it again changes nothing.
type Manifest struct {
	Details []idp.DetailType `yaml:"authorization_details_types"`
	// What may be asked for and what it tells; built-in words are there without.
	Scopes []idp.Scope `yaml:"scopes"`
	Claims []idp.Claim `yaml:"claims"`
	// Dynamic registration: what opens it, who signs statements, decisions on who came in that way.
	InitialAccess []openplatform.InitialAccess   `yaml:"initial_access_tokens"`
	Statements    []openplatform.StatementIssuer `yaml:"statement_issuers"`
	Registrations []openplatform.Decision        `yaml:"registrations"`
	// Kinds are codes of partners and methods that stand above the built-in table of identity documents.
	Kinds       []idp.DocumentOverride `yaml:"document_kinds"`
	Clients     []idp.Client           `yaml:"clients"`
	Personas    []Persona              `yaml:"personas"`
	Staff       []Staff                `yaml:"staff"`
	Authorities []Issuer               `yaml:"authorities"`
	// The tree in which staff have rights (docs/operations/administration.md).
	Areas       []staff.Area       `yaml:"areas"`
	Departments []staff.Department `yaml:"departments"`
	// Portals behind bridges and upstream sources (docs/design/bridges.md).
	CASServices   []cas.Service       `yaml:"cas_services"`
	TicketBridges []ticket.Bridge     `yaml:"ticket_bridges"`
	Upstreams     []federation.Source `yaml:"upstreams"`
	Policies      Policies            `yaml:"policies"`
}

// Policies are rules that an operator sets above those that are built in.
type Policies struct {
	StepUp []idp.Demand `yaml:"step_up"` // what an operation demands of the person behind a token (RFC 9470)
	// Proofing says which level a method gives, for whom and for how long.
	Proofing []proofing.Level `yaml:"proofing"`
}

// Issuer lets an organisation issue licence types under a seal that is in use.
type Issuer struct {
	Code  string   `yaml:"code"` // unified social credit code
	Name  string   `yaml:"name"` // as printed on licences
	Seal  string   `yaml:"seal"` // seal code, 14 digits
	Types []string `yaml:"types"`
}

// Persona is a simulated person of the sandbox. With Count, %d (or %04d, filled with zeros) in the identifier runs from 1.
type Persona struct {
	Identifier string   `yaml:"identifier"`
	Password   string   `yaml:"password"`
	Name       string   `yaml:"name"`
	IAL        int      `yaml:"ial"`
	Count      int      `yaml:"count"`
	Roles      []string `yaml:"roles"`
}

// ManifestError holds every fault of a manifest.
type ManifestError struct{ Faults []string }

// Error lists the faults, one a line.
func (e *ManifestError) Error() string {
	return "manifest is not usable:\n  - " + strings.Join(e.Faults, "\n  - ")
}

// ReadManifest reads YAML or JSON; unknown keys are refused, and so is a second document, which would be lost.
func ReadManifest(content []byte) (Manifest, error) {
	var m Manifest
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return m, &ManifestError{explain(err, reflect.TypeFor[Manifest]())}
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return m, &ManifestError{[]string{"more than one document; write all into one"}}
	}
	return m, nil
}

// ApplyFile applies a file to the state that a configuration names, also while servers run.
func ApplyFile(ctx context.Context, cfg Config, path string, log *slog.Logger) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	m, err := ReadManifest(content)
	if err != nil {
		return "", err
	}
	a, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return "", err
	}
	defer a.Close()
	var codes []EnrolmentCode
	clients, err := a.apply(ctx, m, &codes)
	summary := describeClients(clients)
	for _, c := range codes {
		summary += fmt.Sprintf("staff %s: enrolment code %s until %s, at /staff/enrol; it is not shown again\n", c.Login, c.Code, c.Until.Format(time.RFC3339))
	}
	if err != nil {
		return summary, err
	}
	summary += fmt.Sprintf("applied %d clients, %d personas and %d authorities", len(m.Clients), len(m.Personas), len(m.Authorities))
	if unknown := a.undefined(m.Clients); len(unknown) > 0 {
		summary += "; scopes that nobody defined, and that give nothing: " + strings.Join(unknown, ", ")
	}
	return summary, nil
}

// describeClients tells of each client what became of it, a line each; of one that is not live also that.
func describeClients(clients []idp.AppliedClient) string {
	var lines strings.Builder
	for _, c := range clients {
		fmt.Fprintf(&lines, "client %s: %s", c.ClientID, c.Outcome)
		if len(c.Members) > 0 {
			fmt.Fprintf(&lines, " (%s)", strings.Join(c.Members, ", "))
		}
		if c.State != idp.StateLive {
			fmt.Fprintf(&lines, ", is %s", c.State)
		}
		lines.WriteByte('\n')
	}
	return lines.String()
}

// undefined are scopes of clients that the vocabulary does not know: words of a resource server, or typing slips.
func (a *App) undefined(clients []idp.Client) (all []string) {
	words := a.words.Load()
	for _, client := range clients {
		for _, scope := range client.Scopes() {
			if _, known := words.Scope(scope); !known && !idp.IsRole(scope) && !slices.Contains(all, scope) {
				all = append(all, scope)
			}
		}
	}
	return all
}

// Apply registers clients, issuing authorities and, in the sandbox, personas.
func (a *App) Apply(ctx context.Context, m Manifest) error {
	_, err := a.apply(ctx, m, nil)
	return err
}

// ApplyForCodes is Apply and gives the codes of accounts of staff that wait for their enrolment.
func (a *App) ApplyForCodes(ctx context.Context, m Manifest) (codes []EnrolmentCode, err error) {
	_, err = a.apply(ctx, m, &codes)
	return codes, err
}

// apply is Apply and tells what became of the clients, also when something behind them failed, and the codes of accounts of staff that
// wait for their enrolment.
func (a *App) apply(ctx context.Context, m Manifest, codes *[]EnrolmentCode) ([]idp.AppliedClient, error) {
	if err := a.Details.Apply(ctx, m.Details); err != nil {
		return nil, err
	}
	if err := a.vocabulary.Apply(ctx, m.Scopes, m.Claims); err != nil {
		return nil, err
	}
	if err := a.kinds.Apply(ctx, m.Kinds); err != nil {
		return nil, err
	}
	if err := a.Staff.ApplyAreas(ctx, m.Areas); err != nil {
		return nil, err
	}
	if err := a.Staff.ApplyDepartments(ctx, m.Departments); err != nil { // clients name them as recipients
		return nil, err
	}
	clients, err := a.Clients.ApplyEach(ctx, m.Clients)
	if err != nil {
		return clients, err
	}
	return clients, a.applyRest(ctx, m, codes)
}

func (a *App) applyRest(ctx context.Context, m Manifest, codes *[]EnrolmentCode) error {
	if err := a.Registration.ApplyStatementIssuers(ctx, m.Statements); err != nil {
		return err
	}
	if err := a.Registration.ApplyInitialAccess(ctx, m.InitialAccess); err != nil {
		return err
	}
	if err := a.Registration.Decide(ctx, m.Registrations); err != nil {
		return err
	}
	if err := a.bridges.apply(ctx, m); err != nil {
		return err
	}
	if err := a.levels.Apply(ctx, m.Policies.Proofing); err != nil {
		return err
	}
	if err := a.applyDemands(ctx, m.Policies.StepUp); err != nil {
		return err
	}
	if len(m.Personas) > 0 && !a.cfg.Sandbox {
		return errors.New("personas belong to the sandbox only")
	}
	for _, p := range m.Personas {
		hashes := &personaHashes{password: p.Password, right: map[string]bool{}}
		for n := 1; n <= max(p.Count, 1); n++ {
			one := p
			one.Identifier = numbered.ReplaceAllStringFunc(p.Identifier, func(form string) string { return fmt.Sprintf(form, n) })
			if err := a.applyPersona(ctx, one, n, hashes); err != nil {
				return fmt.Errorf("persona %d: %w", n, err)
			}
		}
	}
	for n, member := range m.Staff {
		code, err := a.applyStaff(ctx, member, codes != nil)
		if err != nil {
			return fmt.Errorf("staff %d: %w", n+1, err) // the login name is no word for a log
		}
		if code != nil {
			*codes = append(*codes, *code)
		}
	}
	for _, authority := range m.Authorities {
		seal, err := a.sealing.seals.FindByCode(ctx, authority.Seal)
		if err != nil {
			return fmt.Errorf("authority %s: seal %s: %w", authority.Code, authority.Seal, err)
		}
		if seal.Personal() {
			return fmt.Errorf("authority %s: seal %s is the seal of a person, and licences bear that of an authority", authority.Code, authority.Seal)
		}
		if err := a.sealing.licenses.PutAuthority(ctx, elicense.Authority{Code: authority.Code, Name: authority.Name, SealID: seal.ID, TypeCodes: authority.Types}); err != nil {
			return fmt.Errorf("authority %s: %w", authority.Code, err)
		}
	}
	return nil
}

// numbered is the place of the number in the identifiers of counted personas.
var numbered = regexp.MustCompile(`%(0[1-9])?d`)

// personaHashes lets counted personas share one hash of their common password: they are simulated, and each hash costs
// tens of milliseconds.
type personaHashes struct {
	password string
	fresh    string
	right    map[string]bool // stored hashes that were checked
}

// update returns the hash to store, or nothing when the stored one is of the password.
func (h *personaHashes) update(ctx context.Context, passwords *authn.Passwords, stored string) (string, error) {
	if h.password == "" || h.right[stored] {
		return "", nil
	}
	if stored != "" {
		if _, err := passwords.Check(ctx, stored, h.password); err == nil {
			h.right[stored] = true
			return "", nil
		} else if !errors.Is(err, authn.ErrWrong) {
			return "", err
		}
	}
	if h.fresh == "" {
		fresh, err := passwords.Rehash(ctx, h.password)
		if err != nil {
			return "", err
		}
		h.fresh, h.right[fresh] = fresh, true
	}
	return h.fresh, nil
}

// applyPersona makes the account of a persona through the same services that people use; the authority is not asked.
func (a *App) applyPersona(ctx context.Context, p Persona, n int, hashes *personaHashes) error {
	identifier, err := subject.ParseIdentifier(p.Identifier)
	if err != nil {
		return err
	}
	account, err := a.Accounts.Create(ctx, identifier)
	if err != nil {
		return err
	}
	hash, err := hashes.update(ctx, a.identity.Passwords, account.PasswordHash)
	if err != nil {
		return err
	}
	if hash != "" {
		if err := a.Accounts.SetPassword(ctx, account.ID, hash); err != nil {
			return err
		}
	}
	_, err = a.Members.ByLogin(ctx, p.Identifier)
	if err != nil && !errors.Is(err, staff.ErrNotFound) {
		return err
	}
	if len(p.Roles) > 0 || err == nil {
		if err := a.applyStaffPersona(ctx, p, personaIdentity(p, identifier, n), hashes); err != nil {
			return err
		}
	}
	if proof := account.InForce(a.opts.Now()); p.IAL == 0 || proof != nil && int(proof.IAL) >= p.IAL {
		return nil
	}
	return a.Accounts.ProveIdentity(ctx, account.ID, idp.Proof{IAL: subject.IAL(p.IAL), Method: "persona", Source: "sandbox", At: a.opts.Now().UTC(), Evidence: digest.Hex([]byte(p.Identifier))},
		personaIdentity(p, identifier, n))
}

// personaIdentity is the document of a known persona of the register, or a made-up number that nobody can have.
func personaIdentity(p Persona, identifier subject.Identifier, n int) idp.Identity {
	for _, known := range sandbox.Personas {
		if known.Mobile == identifier.Value && known.Name == p.Name {
			return idp.Identity{Name: p.Name, Type: known.Document(), Number: known.Number, Nationality: known.Nationality, Birth: known.Birth, Expires: known.Expires}
		}
	}
	return idp.Identity{Name: p.Name, Type: subject.CitizenID, Number: fmt.Sprintf("persona-%s-%d", digest.Hex([]byte(identifier.Value))[:16], n)}
}

// VerifyAudit walks the hash chains.
func VerifyAudit(ctx context.Context, cfg Config) (int64, []auditdb.Break, error) {
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return 0, nil, err
	}
	defer db.Close()
	return auditdb.Verify(ctx, db.Read())
}

// Migrate runs or shows migrations.
func Migrate(ctx context.Context, cfg Config, verb string, out io.Writer) error {
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	if verb == "up" {
		if err := db.Migrate(ctx, time.Now(), migrations()...); err != nil {
			return err
		}
	} else if verb != "status" && verb != "plan" {
		return fmt.Errorf("unknown word %q; use up, status or plan", verb)
	}
	status, err := db.MigrationStatus(ctx, migrations()...)
	if err != nil {
		return err
	}
	for _, m := range status {
		state := "waits"
		if m.Applied {
			state = "applied " + m.AppliedAt.Format(time.RFC3339)
		}
		if verb != "plan" {
			fmt.Fprintf(out, "%s %04d_%s %s\n", m.Room, m.Number, m.Name, state)
		} else if !m.Applied {
			fmt.Fprintf(out, "-- %s %04d_%s\n%s\n", m.Room, m.Number, m.Name, m.SQL())
		}
	}
	return nil
}
