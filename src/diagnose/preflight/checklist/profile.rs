//! Provisioning profiles that do not hold.

use crate::codesign::Profile;
use crate::diagnose::Severity;
use crate::diagnose::preflight::{Hit, Outcome, Rule, Submission, Vouched};

pub static RULE: Rule = Rule {
    id: "notary-profile",
    title: "Provisioning profiles hold",
    severity: Severity::Warning,
    apple: None,
    advice: "Get the Developer ID profile of this app and this team from Apple, put it in its place, and sign again.",
    doc: include_str!("profile.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    if submission.profiles.is_empty() {
        return Outcome::Absent;
    }
    let hits = submission.profiles.iter().flat_map(|one| {
        let messages = match &one.profile {
            Err(why) => vec![format!("this profile {why}")],
            Ok(profile) => faults(submission, one, profile),
        };
        messages.into_iter().map(|message| Hit { path: one.path.clone(), archs: Vec::new(), message })
    });
    Outcome::of(hits.collect())
}

fn faults(submission: &Submission, one: &Vouched, profile: &Profile) -> Vec<String> {
    let name = &profile.name;
    let mut faults = Vec::new();
    if profile.is_expired(submission.today) {
        faults.push(format!("{name} has expired on {}", profile.expires_on()));
    }
    if profile.devices > 0 && !profile.all_devices {
        faults.push(format!(
            "{name} is for development: it names {} Macs and no other may start the app",
            profile.devices
        ));
    }
    let signer = submission.codes.iter().find(|code| Some(&code.path) == one.executable.as_ref());
    let team = signer.and_then(|code| code.credentials.as_ref()?.signature.team.clone());
    match team {
        Some(team) if !profile.teams.contains(&team) => {
            let teams = profile.teams.join(", ");
            faults.push(format!("{name} is of team {teams}, and the program is signed by team {team}"));
        }
        Some(_) => {}
        None => faults.push(format!("{name} vouches for a team, and the program is signed by none")),
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    fn with(profile: Profile, today: u64) -> Vec<String> {
        let mut app = app(&format!("Contents/MacOS/App execute signed={GOOD}\n"));
        app.today = Some(today);
        let profile = Ok(Profile { name: "P".to_owned(), ..profile });
        let executable = Some("Contents/MacOS/App".to_owned());
        app.profiles = vec![Vouched { path: "p".to_owned(), profile, bundle: String::new(), executable }];
        hits(&RULE, &app)
    }

    #[test]
    fn a_profile_has_a_team_a_date_and_no_list_of_macs() {
        let good = Profile {
            teams: vec!["TEAM123456".to_owned()],
            expires: Some(86_400 * 365),
            ..Profile::default()
        };
        assert_eq!(with(good.clone(), 86_400), [""; 0]);
        assert_eq!(with(good.clone(), 86_400 * 366), ["p [] P has expired on 1971-01-01"]);
        let other = Profile { teams: vec!["OTHER".to_owned()], ..good.clone() };
        assert_eq!(with(other, 0), ["p [] P is of team OTHER, and the program is signed by team TEAM123456"]);
        let development = Profile { devices: 3, ..good };
        assert!(with(development, 0)[0].contains("it names 3 Macs"));
    }
}
