//! A check-up as text for people.

use super::{Checkup, Device, Trial};
use std::fmt::{self, Display, Formatter};

impl Display for Checkup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sightline {}\n", self.version)?;
        self.driver(f)?;
        self.devices.iter().try_for_each(|device| one_device(f, device))?;
        writeln!(f, "\nWhat each stage uses where the settings leave it the choice:")?;
        for stage in &self.stages {
            writeln!(f, "  {:<8} {}", stage.stage, stage.uses)?;
            // Where there is no device at all it was said above.
            if let (Some(reason), true) = (&stage.reason, self.driver.found) {
                writeln!(f, "  {:<8} no device: {reason}", "")?;
            }
        }
        writeln!(f, "\nTried just now:")?;
        self.trials.iter().try_for_each(|trial| one_trial(f, trial))?;
        if self.missing.is_empty() {
            return writeln!(f, "\nNothing that the settings ask for is missing.");
        }
        writeln!(f, "\nAsked for, and not to be had here:")?;
        let mut missing = self.missing.iter();
        missing.try_for_each(|one| writeln!(f, "  {}: {}: {}", one.camera, one.asked, one.reason))
    }
}

impl Checkup {
    fn driver(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let driver = &self.driver;
        if let Some(reason) = &driver.reason {
            return writeln!(f, "NVIDIA device: none. {reason} Everything is done in software.");
        }
        let said = |what: &Option<String>| what.clone().unwrap_or_else(|| "of unknown version".into());
        writeln!(
            f,
            "NVIDIA driver {}, CUDA {}, encoder interface {}",
            said(&driver.versions.release),
            said(&driver.versions.cuda),
            said(&driver.versions.encoder_interface)
        )
    }
}

fn one_device(f: &mut Formatter<'_>, device: &Device) -> fmt::Result {
    let name = device.name.as_deref().unwrap_or("cannot be used");
    writeln!(f, "device {}: {name}", device.device)?;
    device.can.iter().try_for_each(|line| writeln!(f, "  can     {line}"))?;
    device.cannot.iter().try_for_each(|line| writeln!(f, "  cannot  {line}"))
}

fn one_trial(f: &mut Formatter<'_>, trial: &Trial) -> fmt::Result {
    let on = trial.device.map(|number| format!("device {number}, ")).unwrap_or_default();
    write!(f, "  {:<8} {on}{}: ", trial.stage, trial.body)?;
    match &trial.wrong {
        Some(wrong) => writeln!(f, "{wrong}"),
        None => {
            let frames = if trial.frames == 1 { "1 frame".into() } else { format!("{} frames", trial.frames) };
            writeln!(f, "{frames}, {:.2} ms each, ready after {:.0} ms", trial.frame_ms, trial.ready_ms)
        }
    }
}
