//! A receipt from canonical JSON.

use super::fields::Fields;
use crate::{
    BatchProof, Effects, FieldProblem, ReceiptBody, ReceiptError, ReceiptVersion, Run,
    SignedReceipt, Statement, Status, Verdict,
};

/// The receipt of which `bytes` are the canonical form.
pub(crate) fn decode(bytes: &[u8]) -> Result<SignedReceipt, ReceiptError> {
    let mut fields = Fields::parse(bytes)?;
    let version = fields.version()?;
    let status = fields.status()?;
    let node_id = fields.parsed("node_id")?;
    let signature = fields.parsed("signature")?;
    let statement = Statement {
        capsule_bytes: fields.number("capsule_bytes")?,
        grants: fields.parsed("grants")?,
        limits: fields.parsed("limits")?,
        nonce: fields.parsed("nonce")?,
        policy_commit: fields.parsed("policy_commit")?,
        timestamp: fields.parsed("timestamp")?,
        verdict: verdict(&mut fields, status)?,
    };
    let proof = match version {
        ReceiptVersion::Single => None,
        ReceiptVersion::Batched => Some(proof(&mut fields)?),
    };
    fields.finish(status)?;

    let body = ReceiptBody::new(statement, node_id, version);
    let receipt = SignedReceipt::new(body, signature, proof);
    let canonical = receipt.to_json();
    if canonical.as_bytes() != bytes {
        let same = canonical
            .bytes()
            .zip(bytes)
            .take_while(|(left, right)| left == *right);
        return Err(ReceiptError::NotCanonical {
            offset: same.count(),
        });
    }
    Ok(receipt)
}

fn proof(fields: &mut Fields) -> Result<BatchProof, ReceiptError> {
    let (index, size) = (fields.number("batch_index")?, fields.number("batch_size")?);
    let path = fields.text("batch_path")?;
    BatchProof::of_fields(index, size, &path)
        .map_err(|(field, problem)| ReceiptError::Field { field, problem })
}

fn verdict(fields: &mut Fields, status: Status) -> Result<Verdict, ReceiptError> {
    Ok(match status {
        Status::Ok => Verdict::Ok(run(fields)?),
        Status::Failure => Verdict::Failure {
            run: run(fields)?,
            error_code: fields.parsed("error_code")?,
            failure_code: fields.signed_number("failure_code")?,
        },
        Status::Fault => Verdict::Fault {
            run: run(fields)?,
            error_code: fields.parsed("error_code")?,
            machine_bound: machine_bound(fields)?,
        },
        Status::Reject => Verdict::Reject {
            error_code: fields.parsed("error_code")?,
            capsule_id: if fields.has("capsule_id") {
                Some(fields.parsed("capsule_id")?)
            } else {
                None
            },
        },
        Status::Refused if fields.has("refused_by") => Verdict::RefusedEffect {
            run: run(fields)?,
            error_code: fields.parsed("error_code")?,
            refused_by: fields.parsed("refused_by")?,
        },
        Status::Refused => Verdict::Refused {
            error_code: fields.parsed("error_code")?,
            capsule_id: fields.parsed("capsule_id")?,
        },
    })
}

fn run(fields: &mut Fields) -> Result<Run, ReceiptError> {
    Ok(Run {
        capsule_id: fields.parsed("capsule_id")?,
        cost_model: fields.parsed("cost_model")?,
        engine: fields.parsed("engine")?,
        fuel_exact: fields.bool("fuel_exact")?,
        fuel_used: fields.number("fuel_used")?,
        host_calls: fields.number("host_calls")?,
        input_bytes: fields.number("input_bytes")?,
        input_commit: fields.parsed("input_commit")?,
        input_complete: fields.bool("input_complete")?,
        memory_bytes: fields.number("memory_bytes")?,
        effects: effects(fields)?,
        now: fields.parsed("now")?,
        output_bytes: fields.number("output_bytes")?,
        output_commit: fields.parsed("output_commit")?,
        seed: fields.number("seed")?,
        transcript_commit: fields.parsed("transcript_commit")?,
    })
}

fn effects(fields: &mut Fields) -> Result<Option<Effects>, ReceiptError> {
    if !fields.has("run_id") {
        return Ok(None);
    }
    Ok(Some(Effects {
        isolation: fields.parsed("isolation")?,
        isolation_missing: fields.parsed("isolation_missing")?,
        process_deadline_ms: fields.number("process_deadline_ms")?,
        processes: fields.number("processes")?,
        run_id: fields.parsed("run_id")?,
    }))
}

fn machine_bound(fields: &mut Fields) -> Result<bool, ReceiptError> {
    let field = "machine_bound";
    if !fields.has(field) {
        return Ok(false);
    }
    if fields.bool(field)? {
        Ok(true)
    } else {
        Err(ReceiptError::Field {
            field,
            problem: FieldProblem::False,
        })
    }
}
