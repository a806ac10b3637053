"""
Lets the az of Debian 12 (2.45.0) do what it comes without the libraries for: `az role assignment`, `az image`,
`az vm image`, `az network`. Its Azure SDK lacks the versions that this az asks for, and has dropped an attribute that
it reads. Any other az is left as it is but for one thing: `az storage --account-name` makes an address below
`localhost`, which not every system resolves, although it should (RFC 6761, section 6.3).
"""
import os
import re
import socket

from azure.cli.core import AzCommandsLoader, __version__

REPAIRED = '2.45.0'
GROUPS = ('image', 'network', 'role', 'vm')


def nothing():
    """az loads an extension only for the groups that it has a command in."""


def versions_of(library):
    """API versions that the installed azure.mgmt.<library> speaks, oldest first."""
    from azure.mgmt import core
    folder = os.path.join(os.path.dirname(os.path.dirname(core.__file__)), library)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(name[1:].replace('_', '-') for name in names if re.fullmatch(r'v\d{4}_\d\d_\d\d', name))


def repair_versions():
    """Asks each library for its newest version where the wanted one is missing."""
    from azure.cli.core.profiles import ResourceType
    from azure.cli.core.profiles._shared import AZURE_API_PROFILES
    latest = AZURE_API_PROFILES['latest']
    for kind, library in ((ResourceType.MGMT_COMPUTE, 'compute'), (ResourceType.MGMT_NETWORK, 'network')):
        there = versions_of(library)
        if not there:
            continue
        wanted = latest[kind]
        if isinstance(wanted, str):
            latest[kind] = wanted if wanted in there else there[-1]
            continue
        for operations, version in wanted.profile.items():
            if version not in there:
                wanted.profile[operations] = there[-1]


def repair_roles():
    """`config` of the operation groups is called `_config` in the installed library."""
    from azure.mgmt.authorization.v2018_01_01_preview.operations import RoleDefinitionsOperations
    from azure.mgmt.authorization.v2020_04_01_preview.operations import RoleAssignmentsOperations

    def missing(self, name):
        if name == 'config':
            return self._config
        raise AttributeError(name)

    for operations in (RoleDefinitionsOperations, RoleAssignmentsOperations):
        operations.__getattr__ = missing


def resolve_localhost():
    """Takes every name below `localhost` for this machine, whatever the system makes of it."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        below = isinstance(name, str) and name.lower().rstrip('.').endswith('.localhost')
        return resolve('localhost' if below else host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


class GoldsmithCommandsLoader(AzCommandsLoader):
    def __init__(self, cli_ctx=None):
        from azure.cli.core.commands import CliCommandType
        commands = CliCommandType(operations_tmpl='azext_goldsmith#{}')
        super().__init__(cli_ctx=cli_ctx, custom_command_type=commands)

    def load_command_table(self, args):
        repaired = GROUPS if __version__ == REPAIRED else ()
        for name in ('storage',) + repaired:
            with self.command_group(name) as group:
                group.custom_command('goldsmith', 'nothing', deprecate_info=self.deprecate(hide=True))
        asked = args[0] if args else None
        if asked == 'storage':
            resolve_localhost()
        elif asked not in repaired:
            pass
        elif asked == 'role':
            repair_roles()
        else:
            repair_versions()
        return self.command_table


COMMAND_LOADER_CLS = GoldsmithCommandsLoader
