package register

import (
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
)

// SimulatedOrganisation is a made-up organisation of the sandbox. docs/integration/sandbox.md shows them.
type SimulatedOrganisation struct {
	Code, Name           string
	HolderName, HolderID string // legal representative
	State                mandate.RegisterState
}

// Organisations is the simulated register of legal persons. No code in it is in use: the division does not exist.
var Organisations = []SimulatedOrganisation{
	{"91999900MA0000015N", "示例市青禾商贸有限公司", "钱法人", "999900197903030074", mandate.Registered},
	{"91999900MA0000023H", "示例市云杉科技有限公司", "钱法人", "999900197903030074", mandate.Registered},
	{"91999900MA0000031C", "示例市白桦个体工商户", "张三", "11010519491231002X", mandate.Registered},
	{"91999900MA000004X4", "示例市已注销有限公司", "钱法人", "999900197903030074", mandate.Deregistered},
	{"91999900MA00000584", "示例市已吊销有限公司", "钱法人", "999900197903030074", mandate.Withdrawn},
}

// SimulatedChild is a made-up child with its guardians.
type SimulatedChild struct {
	Name, Number string
	Guardians    [][2]string // name and number
}

// Children is the simulated register of households and births.
var Children = []SimulatedChild{
	{"李小宝", "999900202006070010", [][2]string{{"李四", "99990019800101001X"}, {"张三", "11010519491231002X"}}},
	{"王小明", "999900201503120037", [][2]string{{"张三", "11010519491231002X"}, {"李四", "99990019800101001X"}, {"欧阳春晓", "999900199105050029"}}},
	{"周少年", "999900201110150024", [][2]string{{"李四", "99990019800101001X"}}},
	{"吴将成年", "999900200812010056", [][2]string{{"李四", "99990019800101001X"}}},
}

// Simulated answers POST requests that carry the token. The magic names are those of an organisation or a child.
func Simulated(token string, slow time.Duration) http.Handler {
	return simulated.Handler(simulated.Source{What: "register", Token: token, Slow: slow}, func(q question, _ *http.Request) map[string]any {
		a := simulate(q)
		return map[string]any{"result": a.Result, "state": a.State}
	})
}

func simulate(q question) answer {
	for _, o := range Organisations {
		if q.Kind != "organisation" || o.Code != q.USCC || o.Name != q.Name {
			continue
		}
		if o.HolderName != q.HolderName || o.HolderID != q.HolderID {
			return answer{Result: holderMismatch, State: o.State}
		}
		return answer{Result: match, State: o.State}
	}
	for _, c := range Children {
		if q.Kind != "guardian" || c.Number != q.IDNumber || c.Name != q.Name {
			continue
		}
		for _, g := range c.Guardians {
			if g[0] == q.HolderName && g[1] == q.HolderID {
				return answer{Result: match}
			}
		}
		return answer{Result: holderMismatch}
	}
	return answer{Result: mismatch}
}
