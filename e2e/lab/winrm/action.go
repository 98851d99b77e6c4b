package winrm

// Action URIs.
const (
	actionCreate    = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
	actionGet       = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
	actionDelete    = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
	actionEnumerate = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
	actionPull      = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull"
	actionRelease   = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release"
	actionCommand   = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"
	actionSend      = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send"
	actionReceive   = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive"
	actionSignal    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal"
)

// Resource URIs.
const (
	resourceCmd    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
	resourceShell  = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	resourceConfig = "http://schemas.microsoft.com/wbem/wsman/1/config"
)

// Short names of the actions, as faults, statistics and exchanges use them.
const (
	ActionIdentify  = "Identify"
	ActionCreate    = "Create"
	ActionGet       = "Get"
	ActionDelete    = "Delete"
	ActionEnumerate = "Enumerate"
	ActionPull      = "Pull"
	ActionRelease   = "Release"
	ActionCommand   = "Command"
	ActionSend      = "Send"
	ActionReceive   = "Receive"
	ActionSignal    = "Signal"
	// ActionOther is a request that is none of these, or cannot be read.
	ActionOther = "Other"
)

// operation is what the server does for one action.
type operation struct {
	name string
	// resources are the resource URIs the action exists on.
	resources []string
	// uncounted operations need no place in the user's operation quota: they give places back.
	uncounted bool
	run       func(*Server, *call) (*reply, error)
}

// operations are all actions there are.
var operations = map[string]operation{
	actionCreate:    {name: ActionCreate, resources: []string{resourceCmd}, run: (*Server).create},
	actionGet:       {name: ActionGet, resources: []string{resourceConfig, resourceCmd, resourceShell}, run: (*Server).get},
	actionDelete:    {name: ActionDelete, resources: []string{resourceCmd, resourceShell}, uncounted: true, run: (*Server).delete},
	actionEnumerate: {name: ActionEnumerate, resources: []string{resourceShell, resourceCmd}, run: (*Server).enumerate},
	actionPull:      {name: ActionPull, resources: []string{resourceShell, resourceCmd}, run: (*Server).pull},
	actionRelease:   {name: ActionRelease, resources: []string{resourceShell, resourceCmd}, uncounted: true, run: (*Server).release},
	actionCommand:   {name: ActionCommand, resources: []string{resourceCmd}, run: (*Server).command},
	actionSend:      {name: ActionSend, resources: []string{resourceCmd}, run: (*Server).send},
	actionReceive:   {name: ActionReceive, resources: []string{resourceCmd}, run: (*Server).receive},
	actionSignal:    {name: ActionSignal, resources: []string{resourceCmd}, uncounted: true, run: (*Server).signal},
}

// actionName is the short name of a request.
func actionName(r *request) string {
	switch {
	case r == nil:
		return ActionOther
	case r.identify:
		return ActionIdentify
	}
	if op, ok := operations[r.action]; ok {
		return op.name
	}
	return ActionOther
}

// knownActions are the short names a fault may ask for.
func knownActions() map[string]bool {
	known := map[string]bool{ActionIdentify: true, ActionOther: true}
	for _, op := range operations {
		known[op.name] = true
	}
	return known
}
