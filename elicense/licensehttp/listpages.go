package licensehttp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/formfile"
	"github.com/yinxin-gov/yinxin/web"
)

// ListsPath is the page by which staff verify lists of licences (批量核验).
const ListsPath = "/license/lists"

// Names of the inputs.
const (
	inputList         = "list"
	inputListFile     = inputList + "-file"
	inputListEncoding = "list-encoding"
)

func (p *Pages) listPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + ListsPath:  p.listForm,
		"POST " + ListsPath: p.listCheck,
	}
}

func (p *Pages) listForm(w http.ResponseWriter, r *http.Request) error {
	if err := p.Service.MayListByHand(r.Context()); err != nil {
		return err
	}
	return p.showListForm(w, r, url.Values{}, nil)
}

func (p *Pages) showListForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	page, status := web.Page{Title: text("lists.title")}, http.StatusOK
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"file": inputListFile})
		page.Errors[0].Field = cmp.Or(page.Errors[0].Field, inputListFile)
	}
	page.Body = web.AdminFormPage{Back: web.Link{Label: text("page.issuer"), URL: "/license"}, Name: text("lists.title"), Advisory: text("lists.lead"), Action: ListsPath, Submit: text("lists.check"), Fields: []web.FormField{
		{Name: inputListFile, Label: text("batch.file"), Hint: p.Renderer.Text(r, "lists.file.hint", "megabytes", strconv.Itoa(batchfile.MaxOctets>>20), "rows", strconv.Itoa(batchfile.MaxListed)), Kind: web.InputFile, Options: []web.Option{{Value: ".csv"}, {Value: mediaCSV}}},
		{Name: inputListEncoding, Label: text("batch.encoding"), Kind: web.InputSelect, Value: bounded(typed.Get(inputListEncoding)), Options: []web.Option{{Value: string(batchfile.Auto), Label: text("batch.encoding.auto")}, {Value: string(batchfile.UTF8), Label: "UTF-8"}, {Value: string(batchfile.GB18030), Label: "GB 18030"}}},
	}}
	return p.Page(w, r, status, "admin-form", page)
}

// listCheck answers a list with a file that is written while it is judged; nothing of the list is kept.
func (p *Pages) listCheck(w http.ResponseWriter, r *http.Request) error {
	list, err := p.Service.BeginListByHand(r.Context()) // before anything large is read
	if err != nil {
		return err
	}
	defer list.End()
	var content []byte
	var rows []elicense.Listed
	if err = parseUpload(w, r); err == nil {
		content, err = formfile.Read(r, inputList, maxBatchForm)
	}
	if err == nil {
		rows, err = elicense.ReadList(content, batchfile.CSV, batchfile.Encoding(r.PostForm.Get(inputListEncoding)))
	}
	if err != nil {
		if slices.Contains([]fault.Code{fault.Invalid, fault.TooLarge, fault.BatchFile, fault.BatchEncoding}, fault.CodeOf(err)) {
			return p.showListForm(w, r, r.PostForm, err)
		}
		return err
	}
	answers, err := list.Check(r.Context(), rows[:min(len(rows), elicense.ListedPage)]) // what cannot be answered at all is an answer of its own, and no file
	if err != nil {
		return err
	}
	resultsHead(w.Header().Set, "license-list")
	out := &summedAnswers{answerWriter: listWriter(batchfile.CSV, w), verdicts: map[string]int{}}
	_ = writeList(r.Context(), out, list, rows, answers) // it lacks its last line
	return nil
}

// summedAnswers puts a summary before the last line: how many rows have each verdict, and how many were not judged.
type summedAnswers struct {
	answerWriter
	verdicts map[string]int
}

func (s *summedAnswers) write(answers []LicenseListAnswer) error {
	for _, a := range answers {
		s.verdicts[cmp.Or(a.Verdict, "not_judged")]++
	}
	return s.answerWriter.write(answers)
}

func (s *summedAnswers) end(rows int) error {
	table := s.answerWriter.(*csvAnswers).table
	for _, verdict := range []string{"valid", "invalid", "indeterminate", "not_judged"} {
		_ = table.Write(verdict, strconv.Itoa(s.verdicts[verdict])) // errors come with the flush
	}
	return s.answerWriter.end(rows)
}
