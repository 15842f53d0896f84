"""The vocabulary of facts: what happened inside a server, in the past tense.

Each fact is a frozen dataclass that `EventBus.emit` hands to its listeners. A module may define facts of its own;
these are the ones that the core and its own modules emit. Times are seconds, sizes are bytes.
"""

from .caching import CacheEvicted as CacheEvicted
from .caching import CacheHit as CacheHit
from .caching import CacheMissed as CacheMissed
from .caching import CacheStored as CacheStored
from .caching import EvictionReason as EvictionReason
from .faults import ClockJumped as ClockJumped
from .faults import FaultActed as FaultActed
from .faults import FaultCleared as FaultCleared
from .faults import FaultKind as FaultKind
from .faults import FaultSet as FaultSet
from .faults import FaultUsedUp as FaultUsedUp
from .files import ChangeKind as ChangeKind
from .files import FileChange as FileChange
from .files import FilesChanged as FilesChanged
from .files import FunctionsReloaded as FunctionsReloaded
from .files import ReplayFinished as ReplayFinished
from .files import ReplayStarted as ReplayStarted
from .guarding import BreakerChanged as BreakerChanged
from .guarding import BreakerFailed as BreakerFailed
from .guarding import BreakerProbed as BreakerProbed
from .guarding import BreakerRecovered as BreakerRecovered
from .guarding import BreakerRefused as BreakerRefused
from .guarding import BreakerStatus as BreakerStatus
from .guarding import PoolChanged as PoolChanged
from .guarding import PoolStep as PoolStep
from .requests import FOLLOW_METHOD as FOLLOW_METHOD
from .requests import Outcome as Outcome
from .requests import RequestFinished as RequestFinished
from .requests import RequestProgressed as RequestProgressed
from .requests import RequestStarted as RequestStarted
from .requests import StreamChunked as StreamChunked
from .serving import ClientConnected as ClientConnected
from .serving import ClientDisconnected as ClientDisconnected
from .serving import ClientsNotified as ClientsNotified
from .serving import ModuleFailed as ModuleFailed
from .serving import ModuleNoted as ModuleNoted
from .serving import ModuleStarted as ModuleStarted
from .serving import ModuleStarting as ModuleStarting
from .serving import ModuleStopped as ModuleStopped
from .serving import OfferChanged as OfferChanged
from .serving import ServerStarted as ServerStarted
from .serving import ServerStopped as ServerStopped
from .tasks import TaskChanged as TaskChanged
from .tasks import TaskProgressed as TaskProgressed
from .tasks import TaskStarted as TaskStarted
from .tasks import TaskStatus as TaskStatus
from .trouble import ErrorFrame as ErrorFrame
from .trouble import ErrorReported as ErrorReported
from .trouble import ErrorSource as ErrorSource
from .trouble import LogWritten as LogWritten
from .trouble import LoopBlocked as LoopBlocked
from .trouble import LoopFreed as LoopFreed
from .workflows import StepAttemptFailed as StepAttemptFailed
from .workflows import StepFilled as StepFilled
from .workflows import StepFinished as StepFinished
from .workflows import StepPlace as StepPlace
from .workflows import StepStarted as StepStarted
from .workflows import WorkflowFinished as WorkflowFinished
from .workflows import WorkflowStarted as WorkflowStarted
