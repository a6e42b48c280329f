package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// Config is the whole configuration: one YAML file, environment overrides (YINXIN_ and the upper-case path, for
// instance YINXIN_DATABASE_URL; lists are comma-separated). Secrets are given as files. Unknown keys are refused.
type Config struct {
	// Issuer is the public base URL, for instance https://id.example.gov.cn. It never changes once tokens exist.
	Issuer string `yaml:"issuer"`
	// Listen says where to answer.
	Listen Listen `yaml:"listen"`
	// Database is the one store of all rooms.
	Database Database `yaml:"database"`
	// Blob is where documents lie.
	Blob Blob `yaml:"blob"`
	// Keys says who keeps the keys.
	Keys Keys `yaml:"keys"`
	// TrustedProxies are addresses or networks whose X-Forwarded-For is believed.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// NetworkRegionsFile is a table (CSV: network, name, English name, code) that names regions of network addresses to people. In the
	// sandbox one of documentation networks stands in; elsewhere addresses are shown alone without it.
	NetworkRegionsFile string `yaml:"network_regions_file"`
	// ServiceItems is the list of service items that mandates name.
	ServiceItems ServiceItems `yaml:"service_items"`
	// Sandbox opens personas, simulated sources and the inbox. Refused with a production key provider.
	Sandbox bool `yaml:"sandbox"`
	// Messages is one HTTP provider of SMS and mail in the protocol of our own; Channels replaces it.
	Messages Messages `yaml:"messages"`
	// Channels are the providers of SMS and mail. In the sandbox the inbox stands for a kind that has none; elsewhere nothing
	// is offered that needs it.
	Channels channel.Settings `yaml:"channels"`
	// Authority is the source of real-name proofing; in the sandbox the simulated one answers when it is empty.
	Authority Authority `yaml:"authority"`
	// Proofing names the sources of the other ways to prove who one is.
	Proofing Proofing `yaml:"proofing"`
	// Reconcile compares accounts with the population register.
	Reconcile Reconcile `yaml:"reconcile"`
	// Login says what the ways to log in ask for.
	Login Login `yaml:"login"`
	// Register answers for organisations and guardians; in the sandbox the simulated one answers when it is empty, and elsewhere
	// nobody makes organisations and children's accounts without one.
	Register Register `yaml:"register"`
	// Outbound lists hosts ("host:port") that may be reached although they are not public.
	Outbound Outbound `yaml:"outbound"`
	// Operator names who runs this instance and how people reach it.
	Operator Operator `yaml:"operator"`
	// Disputes says when questions of people about uses of their data, which a department left, go to the platform.
	Disputes Disputing `yaml:"disputes"`
	// Family bounds family accounts and elders' helpers.
	Family     Family     `yaml:"family"`
	Staff      Staffing   `yaml:"staff"`
	TimeStamps TimeStamps `yaml:"time_stamps"`
	// Trust names the authorities of others that this instance vouches for, and trust lists of others.
	Trust Trusting `yaml:"trust"`
	// Seals says what is asked of seals here.
	Seals Seals `yaml:"seals"`
	// Forgeries says how long reports of suspected forgeries keep what reporters wrote.
	Forgeries Forging `yaml:"forgeries"`
	// Log says how often the transparency log of licences is signed, and who countersigns it.
	Log TransparencyLog `yaml:"log"`
}

// Forging is the policy of reports of suspected forgeries.
type Forging struct {
	// KeepDays is how many days after the decision contact, words and file of reporters are erased; 0 is 180.
	KeepDays int `yaml:"keep_days"`
}

// Disputing is the policy of questions of people about uses of their data. An answer is due in fifteen days.
type Disputing struct {
	// RaiseAfter is how long after the notice to the department, on the due day, the platform takes over.
	RaiseAfter time.Duration `yaml:"raise_after"`
}

// Family bounds what relatives and helpers may hold.
type Family struct {
	// Max is how many family accounts (亲情账号), and how many helpers of an elder, one person may give, and how many one may hold; 0 is 5.
	Max int `yaml:"max"`
}

// Staffing says how staff sign in.
type Staffing struct {
	// SecondFactor asks for two factors in the sandbox too; elsewhere it is always so.
	SecondFactor bool `yaml:"second_factor"`
	// Idle and Absolute make a session of staff shorter than 15 minutes without use and 12 hours in all.
	Idle     time.Duration `yaml:"idle"`
	Absolute time.Duration `yaml:"absolute"`
	// ClientsByTwo asks two administrators for new clients and for changes of clients that others rely on: redirect addresses,
	// scopes and claims, keys and secrets, putting into use. Left out it is so outside the sandbox. Files of `admin apply` go by
	// the operator alone.
	ClientsByTwo *bool `yaml:"clients_by_two"`
	// PeersByTwo asks two administrators for registrations and changes of upstream sources, CAS services and ticket bridges, and for
	// putting one into use again; taking one out of use needs one. Left out it is so outside the sandbox.
	PeersByTwo *bool `yaml:"peers_by_two"`
	// WordsByTwo asks two administrators for new scopes and claims, for changes of them and for putting one into use again; taking one
	// out of use needs one. Left out it is so outside the sandbox.
	WordsByTwo *bool `yaml:"words_by_two"`
	// TypesByTwo asks two administrators for versions of licence types, those of the command line included; retiring a type needs one.
	// Left out it is so outside the sandbox.
	TypesByTwo *bool `yaml:"types_by_two"`
}

// check refuses what would be wider than the limits (security row A-29).
func (s Staffing) check() (faults []string) {
	if s.Idle != 0 && (s.Idle < 2*time.Minute || s.Idle > session.StaffIdle) {
		faults = append(faults, "staff.idle: must be between 2m and 15m")
	}
	if s.Absolute != 0 && (s.Absolute < 15*time.Minute || s.Absolute > session.StaffAbsolute) {
		faults = append(faults, "staff.absolute: must be between 15m and 12h")
	}
	return faults
}

// realm is that of the sessions of staff.
func (s Staffing) realm() session.Realm {
	realm := session.Staff
	if s.Idle != 0 {
		realm.Idle = s.Idle
	}
	if s.Absolute != 0 {
		realm.Absolute = s.Absolute
	}
	return realm
}

// clientsByTwo reports whether clients are changed by two people.
func (c Config) clientsByTwo() bool {
	if c.Staff.ClientsByTwo != nil {
		return *c.Staff.ClientsByTwo
	}
	return !c.Sandbox
}

// peersByTwo reports whether upstream sources, services and bridges are changed by two people.
func (c Config) peersByTwo() bool {
	if c.Staff.PeersByTwo != nil {
		return *c.Staff.PeersByTwo
	}
	return !c.Sandbox
}

// wordsByTwo reports whether scopes and claims are changed by two people.
func (c Config) wordsByTwo() bool {
	if c.Staff.WordsByTwo != nil {
		return *c.Staff.WordsByTwo
	}
	return !c.Sandbox
}

// typesByTwo reports whether licence types are published by two people.
func (c Config) typesByTwo() bool {
	if c.Staff.TypesByTwo != nil {
		return *c.Staff.TypesByTwo
	}
	return !c.Sandbox
}

// oneFactor reports whether a login of staff with one factor is one.
func (c Config) oneFactor() bool { return c.Sandbox && !c.Staff.SecondFactor }

// Listen holds the listeners.
type Listen struct {
	Public     string `yaml:"public"`     // address of everything people and portals reach
	Management string `yaml:"management"` // address of /healthz, /readyz and /metrics
	TLS        TLS    `yaml:"tls"`
	// MTLS asks portals for their certificates apart from the public listener, so that no browser is ever asked for one.
	MTLS MutualTLS `yaml:"mtls"`
}

// MutualTLS is the listener for client certificates (RFC 8705 section 5), with the certificate of listen.tls; without an
// address there is none.
type MutualTLS struct {
	Address      string `yaml:"address"`
	ClientCAFile string `yaml:"client_ca_file"`
	URL          string `yaml:"url"` // as portals reach it; without it the issuer's host with the port of the address
}

// TLS of the public listener; empty means plain HTTP, allowed on loopback only.
type TLS struct {
	CertFile     string `yaml:"cert_file"`
	KeyFile      string `yaml:"key_file"`
	ClientCAFile string `yaml:"client_ca_file"`
}

// Database names the engine: "sqlite:PATH" or "postgres://…".
type Database struct {
	URL          string `yaml:"url"`
	PasswordFile string `yaml:"password_file"`
}

// Blob is the document store.
type Blob struct {
	Dir string `yaml:"dir"`
}

// Keys names the provider ("file" or "vault") and what opens it.
type Keys struct {
	Provider       string `yaml:"provider"`
	PassphraseFile string `yaml:"passphrase_file"`
	Vault          Vault  `yaml:"vault"`
}

// Vault is a Vault or OpenBao server reached by AppRole.
type Vault struct {
	Address      string `yaml:"address"`
	Namespace    string `yaml:"namespace"`
	RoleIDFile   string `yaml:"role_id_file"`
	SecretIDFile string `yaml:"secret_id_file"`
	TransitMount string `yaml:"transit_mount"`
	TransitKey   string `yaml:"transit_key"`
	CAFile       string `yaml:"ca_file"`
}

// Messages is an HTTP provider of SMS and mail.
type Messages struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
}

// Authority is an HTTP source of real-name proofing; docs/integration/authority.md describes its protocol.
type Authority struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
	// Documents are the kinds of documents that it knows, as in docs/integration/documents.md; empty is citizen_id alone.
	Documents []string `yaml:"documents"`
	// Codes names the column of codes (document_kinds: codes) that its gateway understands; empty sends our words only.
	Codes string `yaml:"codes"`
	// Cost of one question that was answered, in the operator's unit.
	Cost int64 `yaml:"cost"`
}

// Register is the HTTP gateway of the registers of organisations and households.
type Register struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
}

// Reconcile says which register is asked, how often and what follows its answers; docs/integration/registers.md describes
// its protocol. In the sandbox a simulated register answers.
type Reconcile struct {
	URL        string           `yaml:"url"`
	TokenFile  string           `yaml:"token_file"`
	Every      time.Duration    `yaml:"every"`       // from the start of a run to the next; zero runs by hand only
	PerMinute  int              `yaml:"per_minute"`  // questions
	MaxActions int              `yaml:"max_actions"` // accounts that a run may touch before it waits for an administrator
	Policy     reconcile.Policy `yaml:"policy"`      // result to actions
}

// Outbound widens what the outbound client may reach.
type Outbound struct {
	Allowed []string `yaml:"allowed"`
	CAFile  string   `yaml:"ca_file"` // PEM of further roots
}

// Login is the policy of the ways to log in.
type Login struct {
	// PasskeyMetadataFile holds FIDO metadata statements of the authenticators that may be registered as passkeys, as the JSON
	// payload of a FIDO Metadata Service BLOB. Without it every authenticator is welcome and none is asked to attest.
	PasskeyMetadataFile string `yaml:"passkey_metadata_file"`
	// CertificateTrustFile holds the authorities (PEM, roots and those under them) whose SM2 certificates log people in; they must
	// give keys out behind a PIN. Without it there is no login by certificate.
	CertificateTrustFile string `yaml:"certificate_trust_file"`
	// CertificateCRLFiles are the revocation lists of these authorities, read anew every minute and when a file changes. A certificate of an authority
	// without a list in force is refused.
	CertificateCRLFiles []string `yaml:"certificate_crl_files"`
	// CertificateHardware says that keys of these authorities never leave hardware, so that amr tells hwk.
	CertificateHardware bool `yaml:"certificate_hardware"`
}

// Operator is shown on pages.
type Operator struct {
	Name    string `yaml:"name"`
	Hotline string `yaml:"hotline"`
	// Seal is the code (14 digits) of the seal of the operator itself, which seals copies of personal data; without one they are
	// given out as JSON only.
	Seal string `yaml:"seal"`
}

var operatorSeal = regexp.MustCompile(`^[0-9]{14}$`)

// ConfigError holds every fault of a configuration.
type ConfigError struct{ Faults []string }

// Error lists the faults, one a line.
func (e *ConfigError) Error() string {
	return "configuration is not usable:\n  - " + strings.Join(e.Faults, "\n  - ")
}

// LoadConfig reads the file, applies the environment and checks the result. All faults come together.
func LoadConfig(path string, environ []string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return ParseConfig(content, environ)
}

// ParseConfig is LoadConfig without the file.
func ParseConfig(content []byte, environ []string) (Config, error) {
	var cfg Config
	var faults []string
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cfg); err != nil && !errors.Is(err, io.EOF) {
		faults = append(faults, explain(err, reflect.TypeFor[Config]())...)
	}
	faults = append(faults, applyEnvironment(&cfg, environ)...)
	cfg.setDefaults()
	faults = append(faults, cfg.check()...)
	if len(faults) > 0 {
		return Config{}, &ConfigError{Faults: faults}
	}
	return cfg, nil
}

func (c *Config) setDefaults() {
	if c.Keys.Provider == "" {
		c.Keys.Provider = "file"
	}
	if c.Keys.Vault.TransitMount == "" {
		c.Keys.Vault.TransitMount = "transit"
	}
	if c.Keys.Vault.TransitKey == "" {
		c.Keys.Vault.TransitKey = "yinxin"
	}
	c.Channels.SetDefaults()
	if c.Proofing.MismatchMinutes == 0 {
		c.Proofing.MismatchMinutes = defaultMismatchMinutes
	}
	if c.Operator.Name == "" {
		c.Operator.Name = "印信"
	}
	if c.Operator.Hotline == "" {
		c.Operator.Hotline = "12345"
	}
}

func (c *Config) check() []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	secure := c.Listen.TLS.CertFile != ""
	if secure != (c.Listen.TLS.KeyFile != "") {
		add("listen.tls: cert_file and key_file go together")
	}
	issuer, err := url.Parse(c.Issuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" || strings.HasSuffix(c.Issuer, "/"):
		add("issuer: must be an absolute URL without query, fragment and trailing slash")
	case issuer.Scheme == "http" && !isLoopbackHost(issuer.Hostname()):
		add("issuer: plain http is allowed for a loopback host only")
	case issuer.Scheme != "http" && issuer.Scheme != "https":
		add("issuer: must be an https URL")
	}
	if c.Listen.Public == "" {
		add("listen.public: is missing")
	} else if !secure && !isLoopbackAddress(c.Listen.Public) {
		add("listen.public: plain HTTP is allowed on loopback only; set listen.tls or listen on 127.0.0.1")
	}
	faults = append(faults, c.Listen.checkMTLS()...)
	if c.Listen.Management == "" {
		add("listen.management: is missing")
	} else if !isLoopbackAddress(c.Listen.Management) {
		add("listen.management: health and metrics answer on loopback only")
	}
	faults = append(faults, c.Database.check()...)
	if c.Operator.Seal != "" && !operatorSeal.MatchString(c.Operator.Seal) {
		add("operator.seal: must be the 14 digits of a seal")
	}
	faults = append(faults, c.TimeStamps.check(c.Sandbox)...)
	if c.Blob.Dir == "" {
		add("blob.dir: is missing")
	}
	switch c.Keys.Provider {
	case "file":
		if c.Keys.PassphraseFile == "" {
			add("keys.passphrase_file: is missing")
		}
	case "vault":
		if c.Keys.Vault.Address == "" || c.Keys.Vault.RoleIDFile == "" || c.Keys.Vault.SecretIDFile == "" {
			add("keys.vault: address, role_id_file and secret_id_file are needed")
		}
		if c.Sandbox {
			add("sandbox: is refused with the production key provider vault")
		}
	default:
		add("keys.provider: %q is not known; use file or vault", c.Keys.Provider)
	}
	if c.Messages.URL != "" && !c.Channels.Empty() {
		add("channels: takes the place of messages; keep one of them")
	}
	faults = append(faults, c.Channels.Check()...)
	if err := c.Reconcile.Policy.Check(); err != nil {
		add("reconcile.policy: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if after := c.Disputes.RaiseAfter; after != 0 && (after < 24*time.Hour || after > 60*24*time.Hour) {
		add("disputes.raise_after: must be between 24h and 1440h")
	}
	if days := c.Forgeries.KeepDays; days < 0 || days > 3650 {
		add("forgeries.keep_days: must be between 1 and 3650")
	}
	if c.Family.Max < 0 || c.Family.Max > mandate.MaxRelatives {
		add("family.max: must be between 1 and %d", mandate.MaxRelatives)
	}
	if c.Reconcile.Every < 0 || c.Reconcile.Every > 0 && c.Reconcile.Every < time.Hour {
		add("reconcile.every: must be an hour at least")
	}
	if c.Reconcile.PerMinute < 0 || c.Reconcile.PerMinute > 6000 || c.Reconcile.MaxActions < 0 {
		add("reconcile.per_minute: must be 1 to 6000, and max_actions not below zero")
	}
	if c.Reconcile.Every > 0 && c.Reconcile.URL == "" && !c.Sandbox {
		add("reconcile.url: is missing; there is nobody to ask")
	}
	if !c.Sandbox && c.Authority.URL == "" {
		add("authority.url: is missing; without it nobody can be proofed")
	}
	for _, kind := range c.Authority.Documents {
		if _, ok := subject.DefaultDocuments().Find(kind); !ok {
			add("authority.documents: there is no kind %q", kind)
		}
	}
	faults = append(faults, c.Proofing.check()...)
	if len(c.Proofing.Certificates) > 0 && c.Login.CertificateTrustFile == "" {
		add("proofing.certificates: needs login.certificate_trust_file")
	}
	faults = append(faults, c.Staff.check()...)
	faults = append(faults, c.Trust.check()...)
	faults = append(faults, c.Log.check(outbound.New(outbound.Config{Allowed: c.Outbound.Allowed}).Check)...)
	faults = append(faults, c.Seals.Hours.check()...)
	for _, proxy := range c.TrustedProxies {
		if _, err := parseNetwork(proxy); err != nil {
			add("trusted_proxies: %q is neither an address nor a network", proxy)
		}
	}
	return faults
}

// checkMTLS: one of the listeners asks for certificates, and it speaks TLS.
func (l Listen) checkMTLS() []string {
	m := l.MTLS
	if m == (MutualTLS{}) {
		return nil
	}
	var faults []string
	if m.Address == "" || m.ClientCAFile == "" {
		faults = append(faults, "listen.mtls: address and client_ca_file go together")
	}
	if l.TLS.CertFile == "" {
		faults = append(faults, "listen.mtls: needs the certificate of listen.tls")
	}
	if l.TLS.ClientCAFile != "" {
		faults = append(faults, "listen.mtls: with it the public listener asks for no certificates; take listen.tls.client_ca_file away")
	}
	if u, err := url.Parse(m.URL); m.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "") {
		faults = append(faults, "listen.mtls.url: must be https with host and port alone")
	}
	return faults
}

// aliasBase is the address of the listener for client certificates, empty without one.
func (c *Config) aliasBase() string {
	if c.Listen.MTLS.Address == "" || c.Listen.MTLS.URL != "" {
		return c.Listen.MTLS.URL
	}
	issuer, err := url.Parse(c.Issuer)
	_, port, errPort := net.SplitHostPort(c.Listen.MTLS.Address)
	if err != nil || errPort != nil {
		return ""
	}
	return "https://" + net.JoinHostPort(issuer.Hostname(), port)
}

// clientCAFile names the roots of client certificates, whichever listener asks for them.
func (l Listen) clientCAFile() string {
	if l.MTLS.Address != "" {
		return l.MTLS.ClientCAFile
	}
	return l.TLS.ClientCAFile
}

func (d Database) check() []string {
	switch {
	case d.URL == "":
		return []string{"database.url: is missing"}
	case strings.HasPrefix(d.URL, "sqlite:"):
		return nil
	case !strings.HasPrefix(d.URL, "postgres://") && !strings.HasPrefix(d.URL, "postgresql://"):
		return []string{"database.url: must begin with sqlite: or postgres://"}
	}
	address, err := url.Parse(d.URL)
	if err != nil {
		return []string{"database.url: cannot be read"}
	}
	host := address.Hostname()
	if given := address.Query().Get("host"); given != "" {
		host = given
	}
	local := host == "" || strings.HasPrefix(host, "/") || isLoopbackHost(host)
	if mode := address.Query().Get("sslmode"); !local && mode != "verify-full" && mode != "verify-ca" {
		return []string{"database.url: a database on another host needs sslmode=verify-full"}
	}
	return nil
}

var unknownField = regexp.MustCompile(`line (\d+): field (\S+) not found in type \w+\.(\S+)`)

const environmentPrefix = "YINXIN_"

// ReadSecret reads a secret file without its trailing line break. A file that others may read is refused.
func ReadSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("read secret: %s may be read by others; run chmod 600 on it", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("read secret: %s is empty", path)
	}
	return secret, nil
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func isLoopbackAddress(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && isLoopbackHost(host)
}

func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}
