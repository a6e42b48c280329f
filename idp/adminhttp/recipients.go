package adminhttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	// inputRows is the number of rows of recipients that the form had. A form without it says nothing of recipients: they stay.
	inputRows = "recipients-rows"
	// rowsID is the id of the rows, of which their inputs are named: recipients-1-department.
	rowsID = "recipients"
	// spareRows are empty ones below what stands.
	spareRows = 3
	// maxFormRows bounds the page; a registration with more is changed by the API or a file.
	maxFormRows = 80
	// maxOffered bounds the departments that are offered; where there are more, the identifier is typed.
	maxOffered = 200

	byConsent = "consent"
	byLaw     = "law"
)

// recipientRow is one row of the form: claims of one department under the same terms, as it is typed.
type recipientRow struct{ department, claims, purpose, basis, law, days string }

func rowInput(n int, name string) string { return rowsID + "-" + strconv.Itoa(n) + "-" + name }

func (row recipientRow) blank() bool {
	return row.department+row.claims+row.purpose+row.law+row.days == "" // the basis is chosen in every row
}

// put lays the row under the names of its inputs; rows count from 1.
func (row recipientRow) put(typed url.Values, n int) {
	for name, value := range map[string]string{"department": row.department, "claims": row.claims, "purpose": row.purpose, "basis": row.basis, "law": row.law, "days": row.days} {
		typed.Set(rowInput(n, name), value)
	}
}

func rowOf(typed url.Values, n int) recipientRow {
	get := func(name string) string { return strings.TrimSpace(typed.Get(rowInput(n, name))) }
	return recipientRow{get("department"), get("claims"), get("purpose"), get("basis"), get("law"), get("days")}
}

// rowsOf writes recipients as rows; claims that follow each other under the same terms share one.
func rowsOf(recipients []Recipient) (rows []recipientRow) {
	for _, r := range recipients {
		first := len(rows)
		for _, p := range r.Claims {
			row := recipientRow{r.Department, p.Claim, p.Purpose, byConsent, p.LegalBasis, strconv.Itoa(p.RetentionDays)}
			if p.LegalBasis != "" {
				row.basis = byLaw
			}
			if last := len(rows) - 1; last >= first && rows[last].purpose == row.purpose && rows[last].law == row.law && rows[last].days == row.days {
				rows[last].claims += " " + row.claims
				continue
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// putRows lays recipients with spare rows into the inputs of the form; nothing where they are too many for a page.
func putRows(typed url.Values, recipients []Recipient) {
	rows := rowsOf(recipients)
	if len(rows)+spareRows > maxFormRows {
		return
	}
	for i, row := range append(rows, make([]recipientRow, spareRows)...) {
		if row.basis == "" {
			row.basis = byConsent
		}
		row.put(typed, i+1)
	}
	typed.Set(inputRows, strconv.Itoa(len(rows)+spareRows))
}

// rowCount is how many rows a form has; 0 for one without.
func rowCount(typed url.Values) int {
	n, err := strconv.Atoi(typed.Get(inputRows))
	if err != nil || n < 1 || n > maxFormRows {
		return 0
	}
	return n
}

// typedRecipients are recipients as they were typed. inputs tells which input a place of a refusal (recipients[0].claims[1].purpose) was
// typed into. What only the form can say wrong is refused here; everything else by the registration itself, as for the API.
func typedRecipients(typed url.Values) (recipients []Recipient, inputs map[string]string, err error) {
	inputs = map[string]string{rowsID: rowsID}
	var wrong *fault.Fault
	for n := 1; n <= rowCount(typed); n++ {
		row := rowOf(typed, n)
		if row.blank() {
			continue
		}
		if input := rowInput(n, "law"); (row.basis == byLaw) != (row.law != "") {
			if wrong == nil {
				wrong = fault.New(fault.ClientMetadata, "field", "recipients.claims.legal_basis", "why", "a citation with a law, none with consent")
			}
			wrong, inputs[input] = wrong.WithField(input, fault.RecipientBasis, "most", strconv.Itoa(maxReason)), input
		}
		i := slices.IndexFunc(recipients, func(r Recipient) bool { return r.Department == row.department && row.department != "" })
		if i < 0 {
			i, recipients = len(recipients), append(recipients, Recipient{Department: row.department})
			at := fmt.Sprintf("recipients[%d].", i)
			inputs[at+"department"], inputs[at+"claims"] = rowInput(n, "department"), rowInput(n, "claims")
		}
		days, err := strconv.Atoi(row.days)
		if err != nil {
			days = -1
		}
		claims := strings.FieldsFunc(row.claims, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，、;；", r) })
		if len(claims) == 0 {
			claims = []string{""} // refused at this row, even where another row gives the department claims
		}
		for _, claim := range claims {
			at := fmt.Sprintf("recipients[%d].claims[%d].", i, len(recipients[i].Claims))
			inputs[at+"claim"], inputs[at+"purpose"], inputs[at+"legal_basis"], inputs[at+"retention_days"] = rowInput(n, "claims"), rowInput(n, "purpose"), rowInput(n, "law"), rowInput(n, "days")
			recipients[i].Claims = append(recipients[i].Claims, PassedClaim{claim, row.purpose, row.law, days})
		}
	}
	if wrong != nil {
		return nil, inputs, wrong
	}
	return recipients, inputs, nil
}

// takeRecipients lays typed rows over a definition.
func (d *ClientDefinition) takeRecipients(typed url.Values) error {
	if typed.Get(inputRows) == "" {
		return nil
	}
	if rowCount(typed) == 0 {
		return fault.New(fault.Malformed)
	}
	recipients, _, err := typedRecipients(typed)
	if err == nil {
		d.Recipients = recipients
	}
	return err
}

// recipientFields are the rows of the form with what was typed; open where there is something in them.
func (s *Server) recipientFields(r *http.Request, typed url.Values) (*web.FormRows, error) {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := &web.FormRows{ID: rowsID, Title: text("admin.client.recipients"), Text: text("admin.client.recipients.text")}
	count := rowCount(typed)
	if count == 0 {
		body.Text, body.Open = text("admin.client.recipients.many"), true
		return body, nil
	}
	names, err := s.offeredDepartments(r, body)
	if err != nil {
		return nil, err
	}
	for n := 1; n <= count; n++ {
		row := rowOf(typed, n)
		legend := s.Renderer.Text(r, "admin.client.recipient.row", "n", strconv.Itoa(n))
		if row.department != "" {
			name, known := names[row.department]
			if !known && len(row.department) <= 64 {
				if name, err = s.Staff.NameOf(r.Context(), row.department); err != nil {
					return nil, err
				}
			}
			if name != "" {
				legend += " · " + name
			}
		}
		if !row.blank() {
			body.Open = true
		}
		input := func(name, label string, most int) web.FormField {
			return web.FormField{Name: rowInput(n, name), Label: text(label), Value: bounded(typed.Get(rowInput(n, name))), Max: most}
		}
		department, basis := input("department", "admin.client.recipient.department", 64), input("basis", "admin.client.recipient.basis", 0)
		department.List = rowsID
		basis.Kind, basis.Options = web.InputSelect, []web.Option{{Value: byConsent, Label: text("admin.client.recipient.consent")}, {Value: byLaw, Label: text("admin.client.recipient.bylaw")}}
		body.Rows = append(body.Rows, web.FormRow{Legend: legend, Fields: []web.FormField{department, input("claims", "admin.client.recipient.claims", 2048),
			input("purpose", "admin.client.recipient.purpose", maxReason), input("days", "admin.client.recipient.days", 5), basis, input("law", "admin.client.recipient.law", maxReason)}})
	}
	if count < maxFormRows {
		body.More = text("admin.client.recipient.more")
	}
	return body, nil
}

// offeredDepartments offers the departments in use for the inputs, and gives their names.
func (s *Server) offeredDepartments(r *http.Request, body *web.FormRows) (map[string]string, error) {
	all, next, err := s.Staff.Departments(r.Context(), "", "", maxOffered)
	if err != nil || next != "" {
		return nil, err
	}
	names := map[string]string{}
	for _, d := range all {
		if !d.Ended {
			names[d.ID] = d.Name
			body.Choices = append(body.Choices, web.Option{Value: d.ID, Label: d.Name})
		}
	}
	return names, nil
}

// rowErrors says of an input in a row which row that is, and leaves out what is said twice of one: claims in a row share its inputs.
func (s *Server) rowErrors(r *http.Request, errors []web.FieldError) (all []web.FieldError) {
	for _, e := range errors {
		if rest, ok := strings.CutPrefix(e.Field, rowsID+"-"); ok {
			n, _, _ := strings.Cut(rest, "-")
			e.Message = s.Renderer.Text(r, "admin.client.recipient.at", "n", n, "what", e.Message)
		}
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return all
}

// moreRows is a form with more empty rows, of which nothing else changed.
func moreRows(typed url.Values) url.Values {
	typed.Set(inputRows, strconv.Itoa(min(rowCount(typed)+spareRows, maxFormRows)))
	return typed
}

// keptRows makes room for what was typed before a login.
func keptRows(r *http.Request, typed url.Values) (open bool) {
	kept := web.Typed(r)
	if kept == nil || rowCount(kept.Fields) == 0 || rowCount(typed) == 0 {
		return false
	}
	count := max(rowCount(typed), rowCount(kept.Fields))
	typed.Set(inputRows, strconv.Itoa(count))
	for n := 1; n <= count && !open; n++ {
		open = !rowOf(kept.Fields, n).blank()
	}
	return open
}

// passedRow is one claim of one recipient for people to read.
type passedRow struct {
	department string
	PassedClaim
}

func passedRows(recipients []Recipient) (rows []passedRow) {
	for _, r := range recipients {
		for _, p := range r.Claims {
			rows = append(rows, passedRow{r.Department, p})
		}
	}
	return rows
}

// recipientsTable shows recipients; beside those of now it says which of them come and go.
func (s *Server) recipientsTable(r *http.Request, stored, wanted []Recipient, compared bool) *web.Table {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	table := &web.Table{Caption: text("admin.client.recipients"), Plain: true, Columns: []web.Column{{Label: text("admin.client.recipient.department.name")}, {Label: text("admin.client.recipient.claim")}, {Label: text("admin.client.recipient.purpose")},
		{Label: text("admin.client.recipient.basis")}, {Label: text("admin.client.recipient.days"), Number: true}}}
	if compared {
		table.Columns = append([]web.Column{{Label: text("admin.client.recipient.change")}}, table.Columns...)
	}
	names := map[string]string{}
	for _, one := range slices.Concat(stored, wanted) {
		names[one.Department] = one.Name
	}
	add := func(row passedRow, change string) {
		basis := row.LegalBasis
		if basis == "" {
			basis = text("admin.client.recipient.consent")
		}
		cells := []string{named(names[row.department], row.department), named(s.claimTitle(r, row.Claim), row.Claim), row.Purpose, basis, strconv.Itoa(row.RetentionDays)}
		if compared {
			cells = append([]string{text("admin.client.recipient.change." + change)}, cells...)
		}
		table.Rows = append(table.Rows, web.Row{Cells: cells})
	}
	before, after := passedRows(stored), passedRows(wanted)
	for _, row := range before {
		change := "stays"
		if compared && !slices.Contains(after, row) {
			change = "goes"
		}
		add(row, change)
	}
	for _, row := range after {
		if !slices.Contains(before, row) {
			add(row, "comes")
		}
	}
	return table
}

// named is what people call a thing, with its identifier behind it.
func named(name, id string) string {
	if name == "" || name == id {
		return id
	}
	return name + " · " + id
}

func (s *Server) claimTitle(r *http.Request, claim string) string {
	if title := s.Clients.ClaimTitle(claim, s.Renderer.Locale(r)); title != "" {
		return title
	}
	return s.Renderer.Word(r, "claim.", claim)
}

// recipientsChange shows what becomes of recipients in a list of differences, and the list without them.
func (s *Server) recipientsChange(r *http.Request, all []Difference) ([]web.AdminSection, []Difference) {
	i := slices.IndexFunc(all, func(d Difference) bool { return d.Field == idp.ClaimRecipients })
	if i < 0 {
		return nil, all
	}
	read := func(raw json.RawMessage) (recipients []Recipient, err error) {
		if len(raw) > 0 {
			err = json.Unmarshal(raw, &recipients)
		}
		return recipients, err
	}
	stored, err := read(all[i].Stored)
	wanted, broken := read(all[i].Wanted)
	if err != nil || broken != nil {
		return nil, all // shown as it is
	}
	section := web.AdminSection{ID: "recipients-change", Title: s.Renderer.Text(r, "admin.client.recipients"), Text: s.Renderer.Text(r, "admin.client.recipients.decide"), Table: s.recipientsTable(r, stored, wanted, true)}
	return []web.AdminSection{section}, slices.Delete(slices.Clone(all), i, i+1)
}
