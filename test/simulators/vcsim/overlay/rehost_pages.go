package simulator

import (
	"fmt"
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// What is left of answers in pages, by their tokens.
var pages = struct {
	sync.Mutex
	next int
	rest map[string][]types.ObjectContent
	max  map[string]int32
}{rest: map[string][]types.ObjectContent{}, max: map[string]int32{}}

func firstPage(objects []types.ObjectContent, max int32) *types.RetrieveResult {
	if max <= 0 || len(objects) <= int(max) {
		return &types.RetrieveResult{Objects: objects}
	}
	pages.Lock()
	defer pages.Unlock()
	pages.next++
	token := fmt.Sprintf("page-%d", pages.next)
	pages.rest[token] = objects[max:]
	pages.max[token] = max
	return &types.RetrieveResult{Token: token, Objects: objects[:max]}
}

// RetrievePropertiesEx keeps to maxObjects, which the simulator does not.
func (pc *PropertyCollector) RetrievePropertiesEx(ctx *Context, r *types.RetrievePropertiesEx) soap.HasFault {
	if ctx.Session == nil {
		return &methods.RetrievePropertiesExBody{Fault_: Fault("The session is not authenticated.", &types.NotAuthenticated{})}
	}
	res := pc.rehostRetrieveAll(ctx, r)
	body := res.(*methods.RetrievePropertiesExBody)
	if body.Res != nil && body.Res.Returnval != nil {
		body.Res.Returnval = firstPage(body.Res.Returnval.Objects, r.Options.MaxObjects)
	}
	return body
}

func (pc *PropertyCollector) ContinueRetrievePropertiesEx(ctx *Context, r *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := &methods.ContinueRetrievePropertiesExBody{}
	pages.Lock()
	rest, ok := pages.rest[r.Token]
	max := pages.max[r.Token]
	delete(pages.rest, r.Token)
	pages.Unlock()
	if !ok {
		body.Fault_ = Fault("", &types.InvalidProperty{Name: "token"})
		return body
	}
	body.Res = &types.ContinueRetrievePropertiesExResponse{Returnval: *firstPage(rest, max)}
	return body
}
