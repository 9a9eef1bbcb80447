package protocol

import "encoding/json"

// Message types.
const (
	TypeKernelInfoRequest = "kernel_info_request"
	TypeKernelInfoReply   = "kernel_info_reply"

	TypeExecuteRequest = "execute_request"
	TypeExecuteReply   = "execute_reply"
	TypeExecuteInput   = "execute_input"
	TypeExecuteResult  = "execute_result"

	TypeStream            = "stream"
	TypeDisplayData       = "display_data"
	TypeUpdateDisplayData = "update_display_data"
	TypeClearOutput       = "clear_output"
	TypeError             = "error"
	TypeStatus            = "status"
	TypeIOPubWelcome      = "iopub_welcome"

	TypeInspectRequest    = "inspect_request"
	TypeInspectReply      = "inspect_reply"
	TypeCompleteRequest   = "complete_request"
	TypeCompleteReply     = "complete_reply"
	TypeHistoryRequest    = "history_request"
	TypeHistoryReply      = "history_reply"
	TypeIsCompleteRequest = "is_complete_request"
	TypeIsCompleteReply   = "is_complete_reply"

	TypeCommInfoRequest = "comm_info_request"
	TypeCommInfoReply   = "comm_info_reply"
	TypeCommOpen        = "comm_open"
	TypeCommMsg         = "comm_msg"
	TypeCommClose       = "comm_close"

	TypeInterruptRequest = "interrupt_request"
	TypeInterruptReply   = "interrupt_reply"
	TypeShutdownRequest  = "shutdown_request"
	TypeShutdownReply    = "shutdown_reply"

	TypeInputRequest = "input_request"
	TypeInputReply   = "input_reply"

	TypeCreateSubshellRequest = "create_subshell_request"
	TypeCreateSubshellReply   = "create_subshell_reply"
	TypeDeleteSubshellRequest = "delete_subshell_request"
	TypeDeleteSubshellReply   = "delete_subshell_reply"
	TypeListSubshellRequest   = "list_subshell_request"
	TypeListSubshellReply     = "list_subshell_reply"

	TypeDebugRequest = "debug_request"
	TypeDebugReply   = "debug_reply"

	TypeUsageRequest = "usage_request"
	TypeUsageReply   = "usage_reply"
)

// Values of the status field of replies.
const (
	StatusOK      = "ok"
	StatusError   = "error"
	StatusAborted = "aborted"
)

// Values of [Status.ExecutionState].
const (
	StateBusy     = "busy"
	StateIdle     = "idle"
	StateStarting = "starting"
)

// Names of streams.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// LanguageInfo tells front ends how to show and name the kernel's code.
type LanguageInfo struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	MIMEType      string `json:"mimetype"`
	FileExtension string `json:"file_extension"`
	PygmentsLexer string `json:"pygments_lexer,omitempty"`
	// CodeMirrorMode is a string or an object.
	CodeMirrorMode    any    `json:"codemirror_mode,omitempty"`
	NBConvertExporter string `json:"nbconvert_exporter,omitempty"`
}

// HelpLink is an entry of a front end's help menu.
type HelpLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// KernelInfoReply describes the kernel. Its request has no content.
type KernelInfoReply struct {
	Status                string       `json:"status"`
	ProtocolVersion       string       `json:"protocol_version"`
	Implementation        string       `json:"implementation"`
	ImplementationVersion string       `json:"implementation_version"`
	LanguageInfo          LanguageInfo `json:"language_info"`
	Banner                string       `json:"banner"`
	Debugger              bool         `json:"debugger"`
	HelpLinks             []HelpLink   `json:"help_links,omitempty"`
	// SupportedFeatures lists optional parts of the protocol, for example "kernel subshells".
	SupportedFeatures []string `json:"supported_features,omitempty"`
}

// ExecuteRequest asks for code to be run. Decode sets StoreHistory to !Silent, AllowStdin and StopOnError to true
// when the front end leaves them out.
type ExecuteRequest struct {
	Code            string            `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    bool              `json:"store_history"`
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      bool              `json:"allow_stdin"`
	StopOnError     bool              `json:"stop_on_error"`
}

func (r *ExecuteRequest) setDefaults() {
	r.StoreHistory, r.AllowStdin, r.StopOnError = true, true, true
}

// ExecuteReply tells how a run ended. With StatusError the fields of ErrorInfo are set.
type ExecuteReply struct {
	Status         string `json:"status"`
	ExecutionCount int    `json:"execution_count"`
	// UserExpressions has a DisplayData-like object or an error for each expression asked for.
	UserExpressions map[string]json.RawMessage `json:"user_expressions"`
	Payload         []map[string]any           `json:"payload"`
	*ErrorInfo
}

// ErrorInfo is an error of user code. Traceback has one text with ANSI colours a line.
type ErrorInfo struct {
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// ErrorReply answers any request that failed.
type ErrorReply struct {
	Status string `json:"status"`
	ErrorInfo
}

// ExecuteInput repeats the code that is about to run to all front ends.
type ExecuteInput struct {
	Code           string `json:"code"`
	ExecutionCount int    `json:"execution_count"`
}

// ExecuteResult is the value of a cell by MIME type.
type ExecuteResult struct {
	ExecutionCount int            `json:"execution_count"`
	Data           map[string]any `json:"data"`
	Metadata       map[string]any `json:"metadata"`
}

// Transient has what belongs to a display in a front end and is not saved with it.
type Transient struct {
	DisplayID string `json:"display_id,omitempty"`
}

// DisplayData shows data by MIME type; also the content of update_display_data.
type DisplayData struct {
	Data      map[string]any `json:"data"`
	Metadata  map[string]any `json:"metadata"`
	Transient *Transient     `json:"transient,omitempty"`
}

// Stream is text that was written to [Stdout] or [Stderr].
type Stream struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// ClearOutput removes the cell's output; with Wait when the next output comes.
type ClearOutput struct {
	Wait bool `json:"wait"`
}

// Status tells what the kernel is doing; see the State constants.
type Status struct {
	ExecutionState string `json:"execution_state"`
}

// IOPubWelcome greets a new subscriber of iopub (JEP 65).
type IOPubWelcome struct {
	Subscription string `json:"subscription"`
}

// InspectRequest asks what is at a position of the code, counted in Unicode characters.
type InspectRequest struct {
	Code        string `json:"code"`
	CursorPos   int    `json:"cursor_pos"`
	DetailLevel int    `json:"detail_level"`
}

// InspectReply has what was found, by MIME type.
type InspectReply struct {
	Status   string         `json:"status"`
	Found    bool           `json:"found"`
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata"`
}

// CompleteRequest asks for completions at a position of the code, counted in Unicode characters.
type CompleteRequest struct {
	Code      string `json:"code"`
	CursorPos int    `json:"cursor_pos"`
}

// CompleteReply lists texts that may replace the characters from CursorStart to CursorEnd.
type CompleteReply struct {
	Status      string         `json:"status"`
	Matches     []string       `json:"matches"`
	CursorStart int            `json:"cursor_start"`
	CursorEnd   int            `json:"cursor_end"`
	Metadata    map[string]any `json:"metadata"`
}

// HistoryRequest asks for earlier inputs. AccessType is "range", "tail" or "search".
type HistoryRequest struct {
	Output     bool   `json:"output"`
	Raw        bool   `json:"raw"`
	AccessType string `json:"hist_access_type"`
	// Session and the half-open interval from Start to Stop belong to "range"; 0 or less counts back from the current session.
	Session int  `json:"session"`
	Start   int  `json:"start"`
	Stop    *int `json:"stop"`
	// N is the number of entries for "tail" and "search"; nil means all.
	N       *int   `json:"n"`
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"`
}

// HistoryReply lists entries as [session, line, input] or [session, line, [input, output]].
type HistoryReply struct {
	Status  string   `json:"status"`
	History [][3]any `json:"history"`
}

// IsCompleteRequest asks whether code can be run as it stands.
type IsCompleteRequest struct {
	Code string `json:"code"`
}

// Values of [IsCompleteReply.Status].
const (
	Complete   = "complete"
	Incomplete = "incomplete"
	Invalid    = "invalid"
	Unknown    = "unknown"
)

// IsCompleteReply tells it; Indent is for the next line of incomplete code.
type IsCompleteReply struct {
	Status string `json:"status"`
	Indent string `json:"indent"`
}

// CommInfoRequest asks for the open comms, of one target if that is not empty.
type CommInfoRequest struct {
	TargetName string `json:"target_name,omitempty"`
}

// CommInfo describes an open comm.
type CommInfo struct {
	TargetName string `json:"target_name"`
}

// CommInfoReply lists the open comms by id.
type CommInfoReply struct {
	Status string              `json:"status"`
	Comms  map[string]CommInfo `json:"comms"`
}

// CommOpen opens a comm.
type CommOpen struct {
	ID           string          `json:"comm_id"`
	TargetName   string          `json:"target_name"`
	TargetModule string          `json:"target_module,omitempty"`
	Data         json.RawMessage `json:"data"`
}

// CommMsg carries data on a comm; also the content of comm_close.
type CommMsg struct {
	ID   string          `json:"comm_id"`
	Data json.RawMessage `json:"data"`
}

// ShutdownRequest ends the kernel; Restart tells that a new one will follow. Also the content of its reply.
type ShutdownRequest struct {
	Restart bool `json:"restart"`
}

// ShutdownReply says that the kernel ends now.
type ShutdownReply struct {
	Status  string `json:"status"`
	Restart bool   `json:"restart"`
}

// SimpleReply is a reply that has only a status.
type SimpleReply struct {
	Status string `json:"status"`
}

// InputRequest asks the front end for a line of input.
type InputRequest struct {
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// InputReply has the line, without its end.
type InputReply struct {
	Status string `json:"status,omitempty"`
	Value  string `json:"value"`
}

// CreateSubshellReply has the id of a new subshell.
type CreateSubshellReply struct {
	Status     string `json:"status"`
	SubshellID string `json:"subshell_id"`
}

// DeleteSubshellRequest names a subshell.
type DeleteSubshellRequest struct {
	SubshellID string `json:"subshell_id"`
}

// ListSubshellReply lists the ids of the subshells.
type ListSubshellReply struct {
	Status      string   `json:"status"`
	SubshellIDs []string `json:"subshell_id"`
}

// DebugRequest is a request of the Debug Adapter Protocol.
type DebugRequest struct {
	Type      string          `json:"type"`
	Seq       int             `json:"seq"`
	Command   string          `json:"command"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// DebugReply answers it. Message says why when Success is false.
type DebugReply struct {
	Type       string `json:"type"` // "response"
	Seq        int    `json:"seq"`
	RequestSeq int    `json:"request_seq"`
	Success    bool   `json:"success"`
	Command    string `json:"command"`
	Message    string `json:"message,omitempty"`
	Body       any    `json:"body,omitempty"`
}

// MemoryUsage is the memory of the machine in bytes.
type MemoryUsage struct {
	Total     uint64  `json:"total"`
	Available uint64  `json:"available"`
	Used      uint64  `json:"used"`
	Free      uint64  `json:"free"`
	Percent   float64 `json:"percent"`
}

// UsageReply tells what the kernel and its machine use. Fields that the system does not tell are absent.
type UsageReply struct {
	Hostname string `json:"hostname"`
	PID      int    `json:"pid"`
	// KernelCPU is in percent of one processor since the last request, KernelMemory in bytes resident.
	KernelCPU         float64      `json:"kernel_cpu"`
	KernelMemory      uint64       `json:"kernel_memory"`
	CPUCount          int          `json:"cpu_count"`
	HostCPUPercent    *float64     `json:"host_cpu_percent,omitempty"`
	HostVirtualMemory *MemoryUsage `json:"host_virtual_memory,omitempty"`
}
