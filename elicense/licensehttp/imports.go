package licensehttp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// ImportedLicense is a licence that was issued elsewhere.
type ImportedLicense struct {
	ID         string              `json:"id"`
	LicenseID  string              `json:"license_id" doc:"Its identifier (GB/T 36904)"`
	TypeCode   string              `json:"license_type_code"`
	RecordedBy string              `json:"recorded_by" doc:"Code of the authority that answers for the record"`
	Flags      []string            `json:"flags" doc:"What is not proven, or not as the standards ask: no_file, sealed_elsewhere, untrusted_issuer, legacy_identifier, other_issuer, values_incomplete, status_unknown"`
	Data       map[string][]string `json:"data"`
	FileSM3    string              `json:"file_sm3,omitempty" doc:"SM3 of its document, where there is one"`
	FileCode   string              `json:"file_code,omitempty" doc:"Verdict on its document when it was put on record (a V-code); verify tells today's"`
	Batch      string              `json:"batch"`
	Line       int                 `json:"line"`
	RecordedAt time.Time           `json:"recorded_at"`
}

func (a *api) imported(ctx context.Context, in *idInput) (*struct{ Body ImportedLicense }, error) {
	i, err := a.service.FindImport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := ImportedLicense{ID: i.ID, LicenseID: i.LicenseID, TypeCode: i.TypeCode, RecordedBy: i.AuthorityCode, Flags: []string{}, Data: i.Values, FileSM3: i.File, FileCode: i.Code, Batch: i.Batch, Line: i.Line, RecordedAt: i.CreatedAt}
	for _, flag := range i.Flags {
		out.Flags = append(out.Flags, string(flag))
	}
	return &struct{ Body ImportedLicense }{out}, nil
}

func (a *api) importedFile(ctx context.Context, in *idInput) (*fileOutput, error) {
	name, content, err := a.service.ImportDocument(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &fileOutput{ContentType: ofdType, Disposition: attachment(name), CacheControl: "private, no-store", Body: content}, nil
}

func importURL(id string) string { return BatchesPath + "/imports/" + url.PathEscape(id) }

func (p *Pages) importPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + BatchesPath + "/imports/{id}":      p.importDetail,
		"GET " + BatchesPath + "/imports/{id}/file": p.importDownload,
		"GET /me/imported-licenses/{id}/file":       p.importDownload,
	}
}

// flagWords are what is not proven of a licence that was issued elsewhere, in words.
func (p *Pages) flagWords(r *http.Request, flags []elicense.ImportFlag) string {
	var words []string
	for _, flag := range flags {
		words = append(words, p.Renderer.Text(r, "import.flag."+string(flag)))
	}
	return strings.Join(words, p.Renderer.Text(r, "batch.faults_gap"))
}

func (p *Pages) importDetail(w http.ResponseWriter, r *http.Request) error {
	i, err := p.Service.FindImport(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("batch.list"), URL: batchURL(i.Batch)}, Name: typeName(p.Service, elicense.License{TypeCode: i.TypeCode, Template: i.Template}, locale), Under: i.LicenseID, Status: "imported"}
	body.Facts = []web.ShownField{{Label: text("import.flags"), Value: orDash(p.flagWords(r, i.Flags))}, {Label: text("import.recorded_by"), Value: i.AuthorityCode}, {Label: text("import.recorded_at"), Value: dateTime(i.CreatedAt)},
		{Label: text("batch.entrant"), Value: i.Entrant}, {Label: text("batch.reviewer"), Value: i.Reviewer}, {Label: text("batch.issuer"), Value: i.Issuer}}
	section := web.AdminSection{ID: "import-values", Title: text("import.values"), Text: text("import.values.text")}
	t := p.Service.TypeOf(elicense.License{TypeCode: i.TypeCode, Template: i.Template})
	keys := []string{catalog.KeyLicenseID, catalog.KeyHolderName, catalog.KeyHolderCode}
	if t != nil {
		for _, f := range t.Fields {
			if !slices.Contains(keys, f.Key) {
				keys = append(keys, f.Key)
			}
		}
	}
	for _, key := range keys {
		if list := i.Values[key]; len(list) > 0 {
			label := key
			if t != nil {
				label = t.Label(key, locale)
			}
			section.Facts = append(section.Facts, web.ShownField{Label: label, Value: strings.Join(list, "、")})
		}
	}
	if i.File != "" {
		section.Links = []web.Link{{Label: text("import.download"), URL: importURL(i.ID) + "/file"}}
	}
	body.Sections = []web.AdminSection{section}
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, http.StatusOK, "admin-detail", web.Page{Title: text("batch.list"), Self: importURL(i.ID), Body: body})
}

// importDownload sends the document as it came.
func (p *Pages) importDownload(w http.ResponseWriter, r *http.Request) error {
	name, content, err := p.Service.ImportDocument(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	sendOFD(w, name, content)
	return nil
}

// importCards are the licences of a person that were issued elsewhere. They are marked as such, and cannot be presented.
func importCards(ctx context.Context, service *elicense.Service) ([]web.LicenseCard, error) {
	page, _, err := service.MyImports(ctx, "", 50)
	if err != nil {
		return nil, err
	}
	locale := reqctx.From(ctx).Locale
	var cards []web.LicenseCard
	for _, i := range page {
		d, err := service.FindImport(ctx, i.ID)
		if err != nil {
			return nil, err
		}
		c := card(service, elicense.License{TypeCode: i.TypeCode, Template: i.Template, UpdatedAt: i.CreatedAt}, d.Values, locale)
		c.Status = "imported"
		if i.File != "" {
			c.DownloadURL = "/me/imported-licenses/" + i.ID + "/file"
		}
		cards = append(cards, c)
	}
	return cards, nil
}
