package sealhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
)

// FlagDayRecord is what is flagged of a seal on a day, on the wire.
type FlagDayRecord struct {
	ID        string    `json:"id" doc:"Identifier: of the seal, and the day"`
	Seal      string    `json:"seal" doc:"Our identifier of the seal"`
	SealName  string    `json:"seal_name" doc:"Name of the seal"`
	Day       string    `json:"day" format:"date" doc:"Day where seals are used"`
	Uses      int       `json:"uses" doc:"Uses that are flagged; one that gets another flag when it is tried again counts again"`
	Flags     []string  `json:"flags" doc:"Flags that occur among them"`
	FlaggedAt time.Time `json:"flagged_at" doc:"When the last one was flagged"`
	State     string    `json:"state" enum:"open,looked_at" doc:"open while nobody looked at some of them"`
	Looked    int       `json:"looked_at_uses" doc:"How many there were when somebody last looked"`
	By        string    `json:"looked_by,omitempty" doc:"Who looked last"`
	Note      string    `json:"note,omitempty" doc:"What they found"`
	SeenAt    time.Time `json:"looked_at,omitzero" doc:"When"`
}

func flagWords(flags []esign.Flag) (words []string) {
	for _, flag := range flags {
		words = append(words, string(flag))
	}
	return words
}

func flagState(d esign.FlagDay) string {
	if d.Waits() {
		return string(esign.FlagsOpen)
	}
	return string(esign.FlagsLooked)
}

func flagDayRecord(d esign.FlagDay) FlagDayRecord {
	return FlagDayRecord{d.ID(), d.SealID, d.SealName, d.Day.String(), d.Uses, flagWords(d.Flags), d.At, flagState(d), d.Looked, d.By, d.Note, d.SeenAt}
}

type (
	flagDayAnswer struct{ Body FlagDayRecord }
	flagDayPage   struct {
		Body struct {
			Days []FlagDayRecord `json:"days" doc:"Days with flagged uses, newest first"`
			Next string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
		}
	}
	// FlagsPathID is exported, because the framework passes over embedded types that are not.
	FlagsPathID struct {
		ID string `path:"id" doc:"Identifier of a seal and a day"`
	}
)

func answerFlagDay(d esign.FlagDay, err error) (*flagDayAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &flagDayAnswer{flagDayRecord(d)}, nil
}

// registerFlags adds what is flagged of the uses of seals.
func registerFlags(api huma.API, service *esign.Service) {
	operation := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/seal-flags" + path, Summary: summary, Tags: []string{"seals"}, DefaultStatus: http.StatusOK, Middlewares: huma.Middlewares{noStore}}
	}
	list := operation("list-seal-flags", http.MethodGet, "", "用印提示列表 Days with flagged uses of seals")
	list.Description = "What is flagged stops nothing. Of a seal and a day there is one entry, and one message, until somebody looked at it."
	huma.Register(api, list, func(ctx context.Context, in *struct {
		State string `query:"state" enum:"open,looked_at" doc:"Only those in this state"`
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Days on a page"`
	}) (*flagDayPage, error) {
		page, next, err := service.FlagDays(ctx, esign.FlagState(in.State), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &flagDayPage{}
		out.Body.Next, out.Body.Days = next, []FlagDayRecord{}
		for _, d := range page {
			out.Body.Days = append(out.Body.Days, flagDayRecord(d))
		}
		return out, nil
	})
	huma.Register(api, operation("get-seal-flags", http.MethodGet, "/{id}", "一天的用印提示 What is flagged of a seal on a day"), func(ctx context.Context, in *FlagsPathID) (*flagDayAnswer, error) {
		return answerFlagDay(service.FindFlags(ctx, in.ID))
	})
	huma.Register(api, operation("list-flagged-stamps", http.MethodGet, "/{id}/stamps", "有提示的用印 Flagged uses of a seal on a day"), func(ctx context.Context, in *struct {
		FlagsPathID
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Stamps on a page"`
	}) (*stampPage, error) {
		page, next, err := service.FlaggedStamps(ctx, in.ID, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		return stampList(ctx, service, page, next)
	})
	look := operation("look-at-seal-flags", http.MethodPost, "/{id}/look", "登记已查看 Say what was found")
	look.Description = "By a person who keeps the seal or audits, and none of those who used it (YX-SEAL-475). uses is the number that was seen: if there are more by now, nothing is noted (YX-SEAL-476)."
	huma.Register(api, look, func(ctx context.Context, in *struct {
		FlagsPathID
		Body struct {
			Uses int    `json:"uses" minimum:"1" doc:"How many flagged uses were seen"`
			Note string `json:"note" minLength:"1" maxLength:"200" doc:"What was found, without personal data"`
		}
	}) (*flagDayAnswer, error) {
		return answerFlagDay(service.LookAtFlags(ctx, in.ID, in.Body.Uses, in.Body.Note))
	})
}
