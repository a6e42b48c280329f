package elicense

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/readingcopy"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Form is a form in which a licence is handed out. The sealed OFD is the original; what is made of it for reading carries no seal that counts, and says so.
type Form string

// Forms.
const (
	FormOFD  Form = "ofd"
	FormPDF  Form = "pdf"
	FormHTML Form = "html"
	FormText Form = "text"
	FormPNG  Form = "png" // one page of the original, drawn
)

// editionDPI is fine enough to print a page.
const editionDPI = 150

// maxEditionDrawings is how many pages are drawn at a time.
const maxEditionDrawings = 2

// Edition is a licence in one form.
type Edition struct {
	Form    Form
	Name    string // of the file: the identifier, for what is not the original in lower case and with its language
	Content []byte
}

// Document gives the sealed file of a licence in force and its name: the identifier and ".OFD" (license.md 2).
func (s *Service) Document(ctx context.Context, id string) (name string, content []byte, err error) {
	e, err := s.Edition(ctx, id, FormOFD, catalog.Original, 1)
	return e.Name, e.Content, err
}

// Edition gives a licence in force in a form and language (BCP 47; empty for that of the original), to whom Document gives the sealed file and with the
// same record of it. Page counts from 1 and chooses that of FormPNG.
func (s *Service) Edition(ctx context.Context, id string, form Form, language string, page int) (Edition, error) {
	if !slices.Contains([]Form{FormOFD, FormPDF, FormHTML, FormText, FormPNG}, form) {
		return Edition{}, fault.New(fault.LicenseForm)
	}
	if language == "" {
		language = catalog.Original
	}
	d, err := s.find(ctx, id)
	if err != nil {
		return Edition{}, err
	}
	t := s.TypeOf(d.License)
	if (form == FormOFD || form == FormPNG) && language != catalog.Original || t != nil && !slices.Contains(t.Languages(), language) {
		return Edition{}, fault.New(fault.LicenseLanguage)
	}
	if byApplication(ctx, d.License) {
		if err := s.noteUse(ctx, s.use(ctx, d.License, UseFetched, slices.Sorted(maps.Keys(d.Values)), ""), "license.fetched_for_holder"); err != nil {
			return Edition{}, err
		}
	}
	if d.State != StateActive {
		return Edition{}, fault.New(fault.LicenseState)
	}
	parsed, err := catalog.ParseID(d.LicenseID)
	if err != nil {
		return Edition{}, fmt.Errorf("identifier of %s: %w", d.ID, err)
	}
	e := Edition{Form: form, Name: parsed.FileName()}
	switch {
	case form == FormOFD:
		e.Content, err = s.cfg.Blobs.Get(ctx, d.File)
	case form == FormPNG:
		e.Name = fmt.Sprintf("%s-%d.png", d.LicenseID, page)
		e.Content, err = s.picture(ctx, d.File, page)
	case t == nil:
		return Edition{}, fmt.Errorf("type %s of %s is not known", d.TypeCode, d.ID)
	default:
		e.Name = d.LicenseID + suffix(language) + map[Form]string{FormPDF: ".pdf", FormHTML: ".html", FormText: ".txt"}[form]
		e.Content, err = s.reading(ctx, t, d, form, language)
	}
	if err != nil {
		return Edition{}, err
	}
	return e, nil
}

func suffix(language string) string {
	if language == catalog.Original {
		return ""
	}
	return "-" + strings.ToLower(language)
}

// reading makes a copy for reading from the template and the values, as the sealed file was made.
func (s *Service) reading(ctx context.Context, t *catalog.Type, d Detail, form Form, language string) ([]byte, error) {
	photo, err := s.photo(ctx, d.License)
	if err != nil {
		return nil, err
	}
	c, err := readingcopy.Read(t, d.Values, language, readingcopy.Facts{Status: d.Status, At: s.now(), VerifyURL: s.cfg.BaseURL + "/verify", Photo: photo})
	if err != nil {
		return nil, fmt.Errorf("read licence: %w", err)
	}
	switch form {
	case FormText:
		return c.Text(), nil
	case FormHTML:
		return c.HTML()
	}
	content, err := s.cfg.Maker.PDF(t, d.Values, photo, language, c.Notice())
	if undrawable, ok := errors.AsType[*licenseface.UndrawableError](err); ok {
		return nil, fault.Wrap(err, fault.LicenseUndrawable).WithField(undrawable.Item, fault.LicenseFieldCharacters)
	}
	if err != nil {
		return nil, fmt.Errorf("make PDF: %w", err)
	}
	return content, nil
}

// picture draws a page of the sealed file.
func (s *Service) picture(ctx context.Context, file string, page int) ([]byte, error) {
	content, err := s.cfg.Blobs.Get(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("read sealed document: %w", err)
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable)
	}
	p, err := ofd.Open(content, ofd.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("read sealed document: %w", err)
	}
	document, err := render.Open(p, render.Options{Faces: render.BuiltIn()})
	if err != nil {
		return nil, fmt.Errorf("draw sealed document: %w", err)
	}
	if page < 1 || page > document.Pages() {
		return nil, fault.New(fault.LicensePage)
	}
	drawn, err := document.Page(page)
	if err != nil {
		return nil, fmt.Errorf("draw sealed document: %w", err)
	}
	return drawn.PNG(editionDPI)
}
