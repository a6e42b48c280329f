package licensehttp

import "github.com/yinxin-gov/yinxin/web"

// reopened opens the action that was refused, with the words that were typed and what is wrong with them, so that nothing is typed twice.
func reopened(actions []web.StateAction, id, typed, wrong string) {
	for i := range actions {
		if actions[i].ID != id {
			continue
		}
		actions[i].Open = true
		if !actions[i].NoReason {
			actions[i].Reason, actions[i].Error = bounded(typed), wrong
		}
	}
}
