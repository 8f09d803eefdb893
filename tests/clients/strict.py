"""A client of the protocol that accepts nothing but what the specification has.

lsprotocol checks that what a message must have is there, and of the right type. It lets pass what the specification does
not know. So every message is also written again from what was understood of it: what is lost was not of the protocol.
"""

import asyncio
import copy
import json
from typing import Union

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

PATIENCE = 20
"""Seconds after which a test that waits has failed."""


def differences(sent, understood, path="$"):
    """Where a message is not what the types of the protocol make of it."""
    if isinstance(sent, dict) and isinstance(understood, dict):
        for key in sorted(sent.keys() | understood.keys()):
            if key not in understood:
                yield f"{path}.{key} is not of the protocol: {json.dumps(sent[key])}"
            elif key not in sent:
                yield f"{path}.{key} is missing"
            else:
                yield from differences(sent[key], understood[key], f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(understood, list) and len(sent) == len(understood):
        for index, pair in enumerate(zip(sent, understood)):
            yield from differences(*pair, f"{path}[{index}]")
    elif sent != understood or isinstance(sent, bool) != isinstance(understood, bool):
        yield f"{path} is {json.dumps(sent)} and was understood as {understood!r}"


def converter():
    """That of the library, which takes a code action that has a command for a command."""
    converter = default_converter()

    def command_or_action(value, _type):
        is_command = isinstance(value.get("command"), str)
        return converter.structure(value, types.Command if is_command else types.CodeAction)

    converter.register_structure_hook(Union[types.Command, types.CodeAction], command_or_action)
    return converter


class StrictProtocol(LanguageClientProtocol):
    """Writes down every message that is not exactly what the specification has."""

    def structure_message(self, data):
        if "jsonrpc" not in data:
            return data
        sent = copy.deepcopy(data)
        method = sent.get("method") or self._server.methods.get(sent["id"])
        message = super().structure_message(data)
        if method is not None and not has_free_form(method):
            name = method if "method" in sent else f"the answer to {method}"
            understood = self._converter.unstructure(message)
            self._server.complaints += [f"{name}: {what}" for what in differences(sent, understood)]
        return message

    def _handle_request(self, msg_id, method, params):
        needed = [NEEDED[method]] if method in NEEDED else []
        if method == types.CLIENT_REGISTER_CAPABILITY:
            needed = [f"{REGISTERED[one.method]}.dynamic_registration" for one in params.registrations]
        can = self._server.capabilities
        self._server.complaints += [f"{method}, without {one}" for one in needed if not get_capability(can, one)]
        super()._handle_request(msg_id, method, params)

    def send_request(self, method, params=None, callback=None, msg_id=None):
        msg_id = msg_id or f"{method}#{len(self._server.methods)}"
        self._server.methods[msg_id] = method
        return super().send_request(method, params, callback, msg_id)

    def handle_message(self, message):
        super().handle_message(message)
        self._server.received.set()


NEEDED = {
    types.WORKSPACE_CONFIGURATION: "workspace.configuration",
    types.WORKSPACE_APPLY_EDIT: "workspace.apply_edit",
    types.WORKSPACE_DIAGNOSTIC_REFRESH: "workspace.diagnostics.refresh_support",
    types.WORKSPACE_CODE_LENS_REFRESH: "workspace.code_lens.refresh_support",
    types.WORKSPACE_INLAY_HINT_REFRESH: "workspace.inlay_hint.refresh_support",
    types.WINDOW_WORK_DONE_PROGRESS_CREATE: "window.work_done_progress",
    types.WINDOW_SHOW_DOCUMENT: "window.show_document.support",
}
"""What a client must be able to do to be asked something."""

REGISTERED = {
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: "workspace.did_change_configuration",
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: "workspace.did_change_watched_files",
}
"""What the server may register."""


def has_free_form(method):
    """Whether the specification leaves open what a message of the method holds."""
    return method in {types.PROGRESS, types.WORKSPACE_EXECUTE_COMMAND}


class StrictClient(LanguageClient):
    """Its complaints are the mistakes of the server."""

    def __init__(self):
        self.methods = {}
        """The methods of the requests that were sent, by id."""
        self.complaints = []
        self.received = asyncio.Event()
        super().__init__(protocol_cls=StrictProtocol, converter_factory=converter)
        self.registrations = []
        """What the server has registered, as `types.Registration`."""
        self.refreshed = {"diagnostics": 0, "lenses": 0, "hints": 0}
        """How often it was asked to ask again."""
        self.ended = set()
        """The tokens of progresses that are over."""
        self.partial = {}
        """The parts of results, by token."""
        self.edits = []
        """The parameters of `workspace/applyEdit`, as they came."""
        register_lsp_features(self, FEATURES)

    def report_server_error(self, error, source):
        self.complaints.append(f"{source.__name__}: {error}")
        super().report_server_error(error, source)

    async def ask(self, method, params):
        """Sends a request whose parameters and answer are not looked at."""
        name = f"unchecked {method}"
        answer = self.protocol._request_futures[name] = asyncio.get_running_loop().create_future()
        self.protocol._send_data({"jsonrpc": "2.0", "id": name, "method": method, "params": params})
        return await answer

    async def until(self, holds):
        """Waits for messages of the server until `holds()`."""

        async def wait():
            while not holds():
                self.received.clear()
                await self.received.wait()

        await asyncio.wait_for(wait(), PATIENCE)


def progress(client: StrictClient, params: types.ProgressParams):
    """The progress of work, and the parts of results."""
    value = json.loads(json.dumps(params.value, default=lambda named: named._asdict()))
    if "items" in value:
        part = client.protocol._converter.structure(value, types.WorkspaceDiagnosticReportPartialResult)
        client.complaints += differences(value, client.protocol._converter.unstructure(part), types.PROGRESS)
        client.partial.setdefault(params.token, []).extend(part.items)
        return
    kinds = {
        "begin": types.WorkDoneProgressBegin,
        "report": types.WorkDoneProgressReport,
        "end": types.WorkDoneProgressEnd,
    }
    step = client.protocol._converter.structure(value, kinds[value["kind"]])
    client.complaints += differences(value, client.protocol._converter.unstructure(step), types.PROGRESS)
    steps = client.progress_reports[params.token]
    if (step.kind == "begin") != (not steps) or params.token in client.ended:
        client.complaints.append(f"the progress {params.token} is out of order: {step}")
    steps.append(step)
    if step.kind == "end":
        client.ended.add(params.token)


def refresh(what):
    """Counts the requests to ask again."""

    def handler(client: StrictClient, _params):
        client.refreshed[what] += 1

    return handler


def register(client: StrictClient, params: types.RegistrationParams):
    """`client/registerCapability`."""
    client.registrations += params.registrations


def apply_edit(client: StrictClient, params: types.ApplyWorkspaceEditParams):
    """`workspace/applyEdit`."""
    client.edits.append(params)
    return types.ApplyWorkspaceEditResult(applied=True)


FEATURES = {
    **DEFAULT_CLIENT_FEATURES,
    types.PROGRESS: progress,
    types.WORKSPACE_DIAGNOSTIC_REFRESH: refresh("diagnostics"),
    types.WORKSPACE_CODE_LENS_REFRESH: refresh("lenses"),
    types.WORKSPACE_INLAY_HINT_REFRESH: refresh("hints"),
    types.CLIENT_REGISTER_CAPABILITY: register,
    types.WORKSPACE_APPLY_EDIT: apply_edit,
}
"""How the client answers."""
