//! Faults on purpose around a handler's work: how a service shows what its callers do when it fails for a while.

use ambient::{Fault, Faults};
use tonic::Status;

/// Does `work`, with the fault that the key's dice have for this try: UNAVAILABLE before anything is done, or after it was
/// done, as if the answer were lost.
pub async fn simulated<T>(
    faults: &Faults,
    request_id: &str,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let fault = faults.next(request_id);
    if fault == Fault::Before {
        return Err(Status::unavailable("a simulated fault: nothing was done"));
    }
    let answer = work.await?;
    if fault == Fault::After {
        return Err(Status::unavailable("a simulated fault: it was done, but the answer is lost"));
    }
    Ok(answer)
}
