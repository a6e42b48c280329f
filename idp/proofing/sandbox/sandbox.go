// Package sandbox is the simulated authority: an HTTP server that answers the protocol of docs/integration/authority.md
// for documented personas and magic inputs, so that integrators reach every branch without a register. It knows no real
// person: every number in it is made up and has a division code that is not in use, or is a published example.
package sandbox

import (
	"net/http"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/source/simulated"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Persona is a made-up person of the register.
type Persona struct {
	Name   string
	Number string
	Mobile string // number in the person's own name
	Note   string

	Kind        string // of the document; empty is the resident identity card
	Nationality string // the members that the kind asks for
	Birth       string // YYYY-MM-DD
	Expires     string // YYYY-MM-DD
}

// Document is the kind of the persona's document.
func (p Persona) Document() string {
	if p.Kind == "" {
		return subject.CitizenID
	}
	return p.Kind
}

// Personas is the register. docs/integration/sandbox.md shows it.
var Personas = []Persona{
	{Name: "张三", Number: "11010519491231002X", Mobile: "+8613800138000", Note: "the ordinary case"},
	{Name: "李四", Number: "99990019800101001X", Mobile: "+8613800138001", Note: "second ordinary case"},
	{Name: "王小明", Number: "999900201503120037", Mobile: "+8613800138002", Note: "a minor"},
	{Name: "欧阳春晓", Number: "999900199105050029", Mobile: "+8613800138003", Note: "compound surname"},
	{Name: "阿依古丽·买买提", Number: "999900198807070046", Mobile: "+8613800138004", Note: "a name with ·"},
	{Name: "𬭎锋", Number: "999900197606060058", Mobile: "+8613800138005", Note: "a rare character"},
	{Name: "张三", Number: "999900196002020069", Mobile: "+8613800138006", Note: "the same name as another"},
	{Name: "赵奶奶", Number: "999900193510010023", Mobile: "", Note: "an elder without a phone"},
	{Name: "钱法人", Number: "999900197903030074", Mobile: "+8613800138008", Note: "legal representative"},
	{Name: "孙经办", Number: "999900199212120088", Mobile: "+8613800138009", Note: "agent of an organisation"},
	{Name: "周已故", Number: "999900195001010091", Mobile: "+8613800138010", Note: "deceased: refused"},
	{Name: "吴冻结", Number: "999900198404040109", Mobile: "+8613800138011", Note: "frozen: refused"},
	{Name: "陈港生", Number: "H1234567801", Mobile: "+8613800138012", Note: "permit of Hong Kong; the number also without 01", Kind: subject.HKMacaoPermit, Birth: "1988-01-01", Expires: "2035-12-31"},
	{Name: "何澳霖", Number: "M8765432102", Mobile: "+8613800138013", Note: "permit of Macao", Kind: subject.HKMacaoPermit, Birth: "1993-09-09", Expires: "2035-12-31"},
	{Name: "林台新", Number: "12345678", Mobile: "+8613800138014", Note: "permit of Taiwan", Kind: subject.TaiwanPermit, Birth: "1979-02-28", Expires: "2035-12-31"},
	{Name: "黄居港", Number: "810000198801010039", Mobile: "+8613800138015", Note: "residence permit, Hong Kong", Kind: subject.HMTResidencePermit, Birth: "1988-01-01", Expires: "2035-12-31"},
	{Name: "陈港生", Number: "810000198801010055", Mobile: "", Note: "residence permit of the one with the permit above: a further document", Kind: subject.HMTResidencePermit, Birth: "1988-01-01", Expires: "2035-12-31"},
	{Name: "林台新", Number: "830000197902280010", Mobile: "", Note: "residence permit of the one with the permit of Taiwan", Kind: subject.HMTResidencePermit, Birth: "1979-02-28", Expires: "2035-12-31"},
	{Name: "梁居澳", Number: "820000198505050011", Mobile: "+8613800138016", Note: "residence permit, Macao", Kind: subject.HMTResidencePermit, Birth: "1985-05-05", Expires: "2035-12-31"},
	{Name: "吴居台", Number: "830000199202020022", Mobile: "+8613800138017", Note: "residence permit, Taiwan", Kind: subject.HMTResidencePermit, Birth: "1992-02-02", Expires: "2035-12-31"},
	{Name: "MARTIN SOPHIE", Number: "911156199007070014", Mobile: "+8613800138018", Note: "permanent residence, number of 2023", Kind: subject.ForeignPermanentResidence, Nationality: "FRA", Birth: "1990-07-07", Expires: "2035-12-31"},
	{Name: "TREMBLAY LUC", Number: "CAN110078010101", Mobile: "+8613800138019", Note: "permanent residence, number before 2023", Kind: subject.ForeignPermanentResidence, Nationality: "CAN", Birth: "1978-01-01", Expires: "2035-12-31"},
	{Name: "ERIKSSON ANNA MARIA", Number: "L898902C3", Mobile: "+8613800138020", Note: "passport; machine readable lines below", Kind: subject.Passport, Nationality: "GBR", Birth: "1974-08-12", Expires: "2034-04-15"},
	{Name: "TANAKA YUKI", Number: "TK1234567", Mobile: "", Note: "passport of one without a phone", Kind: subject.Passport, Nationality: "JPN", Birth: "2001-03-03", Expires: "2035-12-31"},
	{Name: "SMITH JOHN", Number: "532999001", Mobile: "+8613800138021", Note: "passport that was revoked: refused", Kind: subject.Passport, Nationality: "USA", Birth: "1969-07-20", Expires: "2035-12-31"},
}

// Handler is the simulated authority: it answers POST requests that carry the token.
func Handler(token string, slow time.Duration) http.Handler {
	type question struct {
		Name        string `json:"name"`
		IDType      string `json:"id_type"`
		IDNumber    string `json:"id_number"`
		Nationality string `json:"nationality"`
		Birth       string `json:"birth_date"`
		Expires     string `json:"expires_on"`
		Mobile      string `json:"mobile"`
	}
	return simulated.Handler(simulated.Source{What: "authority", Token: token, Slow: slow}, func(q question, _ *http.Request) map[string]any {
		return map[string]any{"result": judge(Persona{Name: q.Name, Number: q.IDNumber, Mobile: q.Mobile, Kind: q.IDType, Nationality: q.Nationality, Birth: q.Birth, Expires: q.Expires})}
	})
}

// judge compares what a question tells with the register.
func judge(asked Persona) string {
	for _, p := range Personas {
		if p.Document() != asked.Document() || key(p) != key(asked) || !subject.SameName(p.Name, asked.Name) ||
			p.Nationality != asked.Nationality || p.Birth != asked.Birth || p.Expires != asked.Expires {
			continue
		}
		switch {
		case strings.Contains(p.Note, "refused"):
			return "refused"
		case asked.Mobile != "" && asked.Mobile != p.Mobile:
			return "mobile_mismatch"
		}
		return "match"
	}
	return "mismatch"
}

// key is what stays the same when the document is issued again.
func key(p Persona) string {
	return documents.LookupKey(p.Document(), p.Number, p.Nationality)
}

var documents = subject.DefaultDocuments()

// Kinds are the kinds of documents that the register knows: all.
func Kinds() (all []string) {
	for _, kind := range documents.Kinds() {
		all = append(all, kind.Kind)
	}
	return all
}
